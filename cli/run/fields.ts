/** The flags of `run` and the spec fields they set: one table for the command line, the object and its errors. */
import { Option } from "commander";
import { secondsOf } from "../terminal/duration.ts";

/** A flag and its field. */
export interface Field {
  readonly flags: string;
  /** Path of the field in the spec. */
  readonly path: string;
  readonly help: string;
  /** Converts the argument. An invalid one is passed on, so that the schema reports the allowed values. */
  readonly read?: (word: string) => unknown;
  /** The flag can be repeated. */
  readonly isList?: true;
}

const wholeNumber = (word: string): unknown => (/^-?\d+$/.test(word) ? Number(word) : word);
const duration = (word: string): unknown => secondsOf(word) ?? word;

export const fields: readonly Field[] = [
  { flags: "--agent <name>", path: "agent", help: "name of the agent; its runs execute one at a time" },
  { flags: "--model <name>", path: "claude.model", help: "alias or full name of the model" },
  { flags: "--effort <level>", path: "claude.effort", help: "low, medium, high, xhigh or max" },
  { flags: "--max-turns <n>", path: "claude.maxTurns", help: "maximum number of model calls", read: wholeNumber },
  { flags: "--max-budget-usd <amount>", path: "budget.maxCostUSD", help: 'maximum cost in US dollars, such as "2.50"' },
  { flags: "--permission-mode <mode>", path: "claude.permissionMode", help: "acceptEdits, plan, bypassPermissions …" },
  {
    flags: "--dangerously-skip-permissions",
    path: "claude.dangerouslySkipPermissions",
    help: "bypass all permission checks",
  },
  {
    flags: "--allowed-tools <tools>",
    path: "claude.allowedTools",
    help: "tools allowed without asking: Read,Bash(git *)",
    isList: true,
  },
  { flags: "--disallowed-tools <tools>", path: "claude.disallowedTools", help: "tools that are denied", isList: true },
  {
    flags: "--add-dirs <paths>",
    path: "claude.addDirs",
    help: "additional directories in the container",
    isList: true,
  },
  { flags: "--system-prompt <text>", path: "claude.systemPrompt", help: "replaces the system prompt" },
  { flags: "--append-system-prompt <text>", path: "claude.appendSystemPrompt", help: "added to the system prompt" },
  {
    flags: "--credentials <secret>",
    path: "credentialsSecretName",
    help: "Secret whose keys become environment variables",
  },
  { flags: "--image <name>", path: "pod.image", help: "the agent's image" },
  { flags: "--memory <size>", path: "pod.resources.limits.memory", help: "memory limit, such as 4Gi" },
  {
    flags: "--ephemeral-storage <size>",
    path: "pod.resources.limits.ephemeral-storage",
    help: "ephemeral storage limit, such as 8Gi",
  },
  { flags: "--service-account <name>", path: "pod.serviceAccountName", help: "ServiceAccount of the pod" },
  {
    flags: "--workspace-claim <name>",
    path: "workspace.persistentVolumeClaim.claimName",
    help: "PersistentVolumeClaim that keeps workspace and sessions",
  },
  {
    flags: "--sub-path <path>",
    path: "workspace.persistentVolumeClaim.subPath",
    help: "directory in the claim's volume",
  },
  { flags: "--resume-session <id>", path: "session.resume", help: "session to continue; see --resume-last" },
  { flags: "--concurrency-policy <policy>", path: "concurrencyPolicy", help: "Queue, Forbid or Replace" },
  { flags: "--priority <n>", path: "priority", help: "order in the agent's queue: higher first", read: wholeNumber },
  { flags: "--suspend", path: "suspend", help: "create suspended; `resume` lets the operator admit it" },
  {
    flags: "--timeout <time>",
    path: "activeDeadlineSeconds",
    help: "stop claude after 90s, 30m, 2h …",
    read: duration,
  },
  {
    flags: "--idle-timeout <time>",
    path: "idleTimeoutSeconds",
    help: "stop claude after this long without output",
    read: duration,
  },
  {
    flags: "--queue-deadline <time>",
    path: "queueDeadlineSeconds",
    help: "maximum time in the queue",
    read: duration,
  },
  {
    flags: "--start-deadline <time>",
    path: "startDeadlineSeconds",
    help: "maximum time until the container starts",
    read: duration,
  },
  {
    flags: "--disruption-retries <n>",
    path: "disruptionRetries",
    help: "retries after a pod was lost or evicted",
    read: wholeNumber,
  },
  {
    flags: "--ttl <time>",
    path: "ttlSecondsAfterFinished",
    help: "delete the run this long after its end",
    read: duration,
  },
];

/** Returns the flag as a commander option. */
export function optionOf({ flags, help, read, isList }: Field): Option {
  const option = new Option(flags, help);
  if (isList === true)
    return option.argParser<string[] | undefined>((word, before) => [...(before ?? []), ...listOf(word)]);
  return read === undefined ? option : option.argParser(read);
}

/** Splits a list at commas, except inside parentheses: Bash(git log, git diff). */
export function listOf(word: string): string[] {
  const parts: string[] = [];
  let [end, isInside] = [word.length, false];
  // From the end, so that an unclosed parenthesis hides no comma.
  for (let at = word.length - 1; at >= 0; at--) {
    const character = word[at];
    if (character === ")" || character === "(") isInside = character === ")";
    if (character !== "," || isInside) continue;
    parts.push(word.slice(at + 1, end));
    end = at;
  }
  return [...parts, word.slice(0, end)]
    .map((each) => each.trim())
    .filter((each) => each !== "")
    .reverse();
}

/** Sets the given flags' fields in a spec and returns it. */
export function specOf(
  values: Readonly<Record<string, unknown>>,
  spec: Record<string, unknown> = {},
): Record<string, unknown> {
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

/** Rewrites "spec.claude.maxTurns: must be …" with the name of the flag. */
export function inTermsOfFlags(problem: string): string {
  for (const { flags, path, read } of fields) {
    const [flag = ""] = flags.split(" ");
    const found = new RegExp(`^spec\\.${path.replaceAll(".", "\\.")}(\\[\\d+\\])?: `).exec(problem);
    if (found === null) continue;
    const advice = problem.slice(found[0].length);
    return `${flag}: ${read === duration ? advice.replace("a whole number", "a time such as 90s, 30m or 2h") : advice}`;
  }
  return problem.replace(/^spec\.prompt: /, "the prompt: ");
}
