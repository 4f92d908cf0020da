/** The flags of `run`, each with the field of the spec that it sets: one table for the command line, the object and what is wrong in it. */
import { Option } from "commander";
import { secondsOf } from "../terminal/duration.ts";

/** A flag and its field. */
export interface Field {
  readonly flags: string;
  /** Where it stands in the spec. */
  readonly path: string;
  readonly help: string;
  /** The word as the field takes it; one that can't be is left to the schema, which says what is allowed. */
  readonly read?: (word: string) => unknown;
  /** May be given several times. */
  readonly isList?: true;
}

const wholeNumber = (word: string): unknown => (/^-?\d+$/.test(word) ? Number(word) : word);
const duration = (word: string): unknown => secondsOf(word) ?? word;

export const fields: readonly Field[] = [
  { flags: "--agent <name>", path: "agent", help: "whose run it is: one at a time, the others queue" },
  { flags: "--model <name>", path: "claude.model", help: "alias or full name of the model" },
  { flags: "--effort <level>", path: "claude.effort", help: "low, medium, high, xhigh or max" },
  { flags: "--max-turns <n>", path: "claude.maxTurns", help: "model calls at most", read: wholeNumber },
  { flags: "--max-budget-usd <amount>", path: "budget.maxCostUSD", help: 'dollars at most, such as "2.50"' },
  { flags: "--permission-mode <mode>", path: "claude.permissionMode", help: "acceptEdits, plan, bypassPermissions …" },
  {
    flags: "--dangerously-skip-permissions",
    path: "claude.dangerouslySkipPermissions",
    help: "bypass all permission checks",
  },
  {
    flags: "--allowed-tools <tools>",
    path: "claude.allowedTools",
    help: "need no permission: Read,Bash(git *)",
    isList: true,
  },
  { flags: "--disallowed-tools <tools>", path: "claude.disallowedTools", help: "are denied", isList: true },
  { flags: "--add-dirs <paths>", path: "claude.addDirs", help: "more directories in the container", isList: true },
  { flags: "--system-prompt <text>", path: "claude.systemPrompt", help: "replaces the system prompt" },
  { flags: "--append-system-prompt <text>", path: "claude.appendSystemPrompt", help: "added to the system prompt" },
  { flags: "--credentials <secret>", path: "credentialsSecretName", help: "Secret whose keys become variables" },
  { flags: "--image <name>", path: "pod.image", help: "the agent's image" },
  { flags: "--service-account <name>", path: "pod.serviceAccountName", help: "ServiceAccount of the pod" },
  {
    flags: "--workspace-claim <name>",
    path: "workspace.persistentVolumeClaim.claimName",
    help: "claim that keeps the workspace, and with it the sessions",
  },
  {
    flags: "--sub-path <path>",
    path: "workspace.persistentVolumeClaim.subPath",
    help: "directory in the claim's volume",
  },
  { flags: "--resume-session <id>", path: "session.resume", help: "session to continue; see --resume-last" },
  { flags: "--concurrency-policy <policy>", path: "concurrencyPolicy", help: "Queue, Forbid or Replace" },
  { flags: "--priority <n>", path: "priority", help: "order in the agent's queue: higher first", read: wholeNumber },
  { flags: "--suspend", path: "suspend", help: "is admitted only once it is resumed" },
  {
    flags: "--timeout <time>",
    path: "activeDeadlineSeconds",
    help: "ends claude after 90s, 30m, 2h …",
    read: duration,
  },
  {
    flags: "--idle-timeout <time>",
    path: "idleTimeoutSeconds",
    help: "ends a claude that is silent so long",
    read: duration,
  },
  {
    flags: "--queue-deadline <time>",
    path: "queueDeadlineSeconds",
    help: "longest wait for the agent",
    read: duration,
  },
  {
    flags: "--start-deadline <time>",
    path: "startDeadlineSeconds",
    help: "longest wait for the container",
    read: duration,
  },
  {
    flags: "--disruption-retries <n>",
    path: "disruptionRetries",
    help: "pods to go on in after one was lost or evicted",
    read: wholeNumber,
  },
  {
    flags: "--ttl <time>",
    path: "ttlSecondsAfterFinished",
    help: "deletes the run so long after its end",
    read: duration,
  },
];

/** The flag as commander knows it. */
export function optionOf({ flags, help, read, isList }: Field): Option {
  const option = new Option(flags, help);
  if (isList === true)
    return option.argParser<string[] | undefined>((word, before) => [...(before ?? []), ...listOf(word)]);
  return read === undefined ? option : option.argParser(read);
}

/** Commas part a list, but for those inside parentheses: Bash(git log, git diff). */
function listOf(word: string): string[] {
  return word
    .split(/,(?![^(]*\))/)
    .map((each) => each.trim())
    .filter((each) => each !== "");
}

/** The spec that these values make. */
export function specOf(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const spec: Record<string, unknown> = {};
  for (const field of fields) {
    const value = values[optionOf(field).attributeName()];
    if (value !== undefined) setAt(spec, field.path.split("."), value);
  }
  return spec;
}

function setAt(target: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [first, ...rest] = path;
  if (first === undefined) return;
  if (rest.length === 0) {
    target[first] = value;
    return;
  }
  const inner = (target[first] ?? {}) as Record<string, unknown>;
  target[first] = inner;
  setAt(inner, rest, value);
}

/** "spec.claude.maxTurns: must be …" in the words of who typed a flag. */
export function inFlags(problem: string): string {
  for (const { flags, path, read } of fields) {
    const [flag = ""] = flags.split(" ");
    const found = new RegExp(`^spec\\.${path.replaceAll(".", "\\.")}(\\[\\d+\\])?: `).exec(problem);
    if (found === null) continue;
    const advice = problem.slice(found[0].length);
    return `${flag}: ${read === duration ? advice.replace("a whole number", "a time such as 90s, 30m or 2h") : advice}`;
  }
  return problem.replace(/^spec\.prompt: /, "the prompt: ");
}
