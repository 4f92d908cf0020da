/** Reads the arguments of `inspect`. */
import { signalName, signalNumber } from "./ending.ts";

/** One file to inspect, with the known end of its claude. */
export interface InspectRequest {
  readonly file: string;
  readonly stderrFile?: string;
  readonly exitCode?: number;
  readonly signal?: string;
}

interface FileOptions {
  readonly file: string;
  readonly options: Map<string, string>;
}

/** Invalid arguments; the message names the valid ones. */
export class UsageError extends Error {}

/** Text for `--help` and errors. */
export const usage = `Usage: inspect FILE [--stderr FILE] [--exit-code N | --signal NAME] [FILE ...]

Explains from its saved output how a run of claude ended: prints {phase, reason, message, result, session} as JSON.
For several FILEs it prints one line of JSON each, in order; options apply to the FILE before them.

  FILE            stream-json output of claude, or "kubectl logs" output of a run; - reads standard input
  --stderr FILE   stderr of claude ("kubectl logs" output of a run contains it already)
  --exit-code N   claude's exit code, 0 to 255; -N: ended by signal N
  --signal NAME   the signal that ended claude, such as SIGKILL or 9
  -h, --help      print this help

Without --exit-code and --signal, the end line of a run's log is used. Without an end line, a last result without an
error counts as exit code 0.
Exit code: 0 if FILE could be read, 1 if not, 2 for wrong arguments.`;

/** Returns one request or more, or undefined for help. Throws UsageError. */
export function parseInspectArguments(args: readonly string[]): InspectRequest[] | undefined {
  const files: FileOptions[] = [];
  const early = new Map<string, string>();
  const rest = args.flatMap(splitAssignment);
  const take = (file: string) => files.push({ file, options: files.length === 0 ? early : new Map<string, string>() });
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    if (arg === "-h" || arg === "--help") return undefined;
    if (arg === "--") rest.splice(0).forEach(take);
    else if (arg === "-" || !arg.startsWith("-")) take(arg);
    else (files.at(-1)?.options ?? early).set(knownOption(arg), valueOf(arg, rest.shift()));
  }
  if (files.length === 0) throw new UsageError("FILE is missing: name a file with the saved output of a run");
  return files.map(requestOf);
}

function splitAssignment(arg: string): string[] {
  const match = /^(--[a-z-]+)=(.*)$/su.exec(arg);
  return match === null ? [arg] : [match[1] ?? "", match[2] ?? ""];
}

function knownOption(option: string): string {
  if (["--stderr", "--exit-code", "--signal"].includes(option)) return option;
  throw new UsageError(`unknown option ${option}; allowed: --stderr FILE, --exit-code N, --signal NAME, --help`);
}

function valueOf(option: string, value: string | undefined): string {
  if (value === undefined || value === "") throw new UsageError(`${option} needs a value`);
  return value;
}

function requestOf({ file, options }: FileOptions): InspectRequest {
  const stderrFile = options.get("--stderr");
  return { file, ...(stderrFile !== undefined && { stderrFile }), ...endingOf(options) };
}

function endingOf(options: ReadonlyMap<string, string>): Pick<InspectRequest, "exitCode" | "signal"> {
  const code = options.get("--exit-code");
  const signal = options.get("--signal");
  if (code !== undefined && signal !== undefined)
    throw new UsageError("--exit-code and --signal exclude each other: use one of them");
  if (signal !== undefined) return { signal: parseSignal(signal) };
  if (code === undefined) return {};
  if (/^-\d+$/u.test(code)) return { signal: parseSignal(code.slice(1)) };
  if (!/^\d+$/u.test(code) || Number(code) > 255) {
    throw new UsageError(`--exit-code ${code} is invalid; allowed: 0 to 255, or -N for signal N`);
  }
  return { exitCode: Number(code) };
}

function parseSignal(word: string): string {
  const upper = word.toUpperCase();
  const name = upper.startsWith("SIG") ? upper : `SIG${upper}`;
  const signal = /^\d+$/u.test(word) ? signalName(Number(word)) : name;
  if (signal === undefined || signalNumber(signal) === undefined) {
    throw new UsageError(`--signal ${word} is unknown; allowed: a name or number, such as SIGKILL, TERM or 9`);
  }
  return signal;
}
