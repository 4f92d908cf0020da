/** Options of the claude CLI that a spec must not pass through extraArgs. */
import { celList, celString, type Rule } from "./rules.ts";

/** Options that have a field of their own. */
const withField = [
  "--add-dir",
  "--allow-dangerously-skip-permissions",
  "--allowed-tools",
  "--allowedTools",
  "--append-system-prompt",
  "--append-system-prompt-file",
  "--dangerously-skip-permissions",
  "--disallowed-tools",
  "--disallowedTools",
  "--effort",
  "--include-partial-messages",
  "--max-budget-usd",
  "--max-turns",
  "--mcp-config",
  "--model",
  "--permission-mode",
  "--resume",
  "--settings",
  "--system-prompt",
] as const;

/** Options that decide claude's output, session, place of execution or lifetime. */
const setByOperator = [
  "--background",
  "--bg",
  "--cloud",
  "--continue",
  "--desktop",
  "--environment",
  "--fork-session",
  "--from-pr",
  "--help",
  "--input-format",
  "--no-session-persistence",
  "--output-format",
  "--print",
  "--prompt-suggestions",
  "--remote-control",
  "--remote-control-session-name-prefix",
  "--replay-user-messages",
  "--session-id",
  "--teleport",
  "--tmux",
  "--verbose",
  "--version",
  "--worktree",
] as const;

/** All options that extraArgs rejects. */
export const reservedOptions: readonly string[] = [...withField, ...setByOperator].toSorted();

const refused = new Set(reservedOptions);

export const notReservedOption: Rule<string> = {
  rule: `!(self.split('=', 2)[0] in ${celList(reservedOptions)})`,
  message:
    "must not be an option that the operator sets: use the matching field (claude.*, session.resume, " +
    "budget.maxCostUSD); options for output, session or lifetime have none",
  isValid: (argument) => !refused.has(argument.split("=", 1)[0] ?? ""),
};

/** Short options can be combined (-pc), so they cannot be recognized by name. */
export const longOptionsOnly: Rule<string> = {
  rule: "!self.matches('^-([A-Za-z]|-$)')",
  message: "must not be a short option or a bare '--': write options in their long form",
  isValid: (argument) => !/^-([A-Za-z]|-$)/.test(argument),
};

/** Options that enable the workspace's own settings or programs. */
const trustingOptions = ["--setting-sources", "--strict-mcp-config", "--plugin-dir"] as const;

/** The fields of a spec that this rule reads. */
interface TrustFields {
  readonly workspace?: { readonly trust?: boolean };
  readonly claude?: { readonly extraArgs?: readonly string[] };
}

export const untrustedStaysUntrusted: Rule<object> = {
  rule:
    "!has(self.workspace) || !has(self.workspace.trust) || self.workspace.trust || !has(self.claude) || " +
    "!has(self.claude.extraArgs) || self.claude.extraArgs.all(arg, " +
    `!(${trustingOptions.map((option) => `arg.startsWith(${celString(option)})`).join(" || ")}))`,
  message: `must not set ${trustingOptions.join(", ")} in claude.extraArgs while workspace.trust is false: remove them`,
  isValid: (spec) => {
    const { workspace, claude } = spec as TrustFields;
    if (workspace?.trust !== false) return true;
    return (claude?.extraArgs ?? []).every((arg) => !trustingOptions.some((option) => arg.startsWith(option)));
  },
};

/** claude would take a bare word for a second prompt or a subcommand. */
export const beginsWithOption: Rule<readonly string[]> = {
  rule: "self.size() == 0 || self[0].startsWith('--')",
  message: "must begin with an option: claude would take a bare word for a command",
  isValid: (args) => args[0] === undefined || args[0].startsWith("--"),
};
