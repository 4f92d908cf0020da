/** Which options of the claude CLI a spec may not pass through extraArgs, and why. */
import { celList, type Rule } from "./rules.ts";

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

/** Options that decide how claude writes, which session it is in, where it runs or how long it lives. */
const operated = [
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

/** Every option that extraArgs refuses. */
export const refusedOptions: readonly string[] = [...withField, ...operated].toSorted();

const refused = new Set(refusedOptions);

export const notRefusedOption: Rule<string> = {
  rule: `!(self.split('=', 2)[0] in ${celList(refusedOptions)})`,
  message:
    "must not be an option that the operator sets: use the spec's field of that meaning (claude.*, session.resume, " +
    "budget.maxCostUSD); options for output, session or lifetime have no other form",
  holds: (argument) => !refused.has(argument.split("=", 1)[0] ?? ""),
};

/** Short options can be written together (-pc), so they cannot be told apart by name. */
export const longOptionsOnly: Rule<string> = {
  rule: "!self.matches('^-([A-Za-z]|-$)')",
  message: "must not be a short option or a bare '--': write options in their long form",
  holds: (argument) => !/^-([A-Za-z]|-$)/.test(argument),
};

/** A word that no option takes would become a second prompt, or one of claude's subcommands. */
export const beginsWithOption: Rule<readonly string[]> = {
  rule: "self.size() == 0 || self[0].startsWith('--')",
  message: "must begin with an option: claude would take a bare word for a command",
  holds: (args) => args[0] === undefined || args[0].startsWith("--"),
};
