/** Reads the arguments of `inspect`. */
import { signalName, signalNumber } from "./ending.ts";

/** What was asked for. */
export interface InspectRequest {
  readonly file: string;
  readonly stderrFile?: string;
  readonly exitCode?: number;
  readonly signal?: string;
}

interface Asked {
  readonly file: string;
  readonly options: Map<string, string>;
}

/** Wrong arguments: the message says which are right. */
export class UsageError extends Error {}

/** For `--help` and after an error. */
export const usage = `Usage: inspect FILE [--stderr FILE] [--exit-code N | --signal NAME] [FILE ...]

Says how a run of claude ended, from its saved output: prints {phase, reason, message, result, session} as JSON.
Several FILEs: one line of JSON each, in their order; options belong to the FILE before them.

  FILE            stream-json that claude printed, or what "kubectl logs" of a run printed; - reads standard input
  --stderr FILE   what claude wrote to stderr (in kubectl logs of a run it is part of FILE)
  --exit-code N   claude's exit code, 0 to 255; -N means that signal N ended it
  --signal NAME   the signal that ended claude, such as SIGKILL or 9
  -h, --help      this text

Without --exit-code and --signal the end of a run's own log counts. Where that is missing too, nothing is inferred but
this: a last result that is no error is taken for exit code 0.
Exit code: 0 if FILE could be read, 1 if not, 2 for wrong arguments.`;

/** Throws UsageError; undefined means that help was asked for. At least one request otherwise. */
export function parseInspectArguments(args: readonly string[]): InspectRequest[] | undefined {
  const asked: Asked[] = [];
  const early = new Map<string, string>();
  const rest = args.flatMap(splitAssignment);
  const take = (file: string) => asked.push({ file, options: asked.length === 0 ? early : new Map<string, string>() });
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    if (arg === "-h" || arg === "--help") return undefined;
    if (arg === "--") rest.splice(0).forEach(take);
    else if (arg === "-" || !arg.startsWith("-")) take(arg);
    else (asked.at(-1)?.options ?? early).set(knownOption(arg), valueOf(arg, rest.shift()));
  }
  if (asked.length === 0) throw new UsageError("FILE is missing: name the saved output of a run");
  return asked.map(requestOf);
}

function splitAssignment(arg: string): string[] {
  const match = /^(--[a-z-]+)=(.*)$/su.exec(arg);
  return match === null ? [arg] : [match[1] ?? "", match[2] ?? ""];
}

function knownOption(option: string): string {
  if (["--stderr", "--exit-code", "--signal"].includes(option)) return option;
  throw new UsageError(`unknown option ${option}: allowed are --stderr FILE, --exit-code N, --signal NAME and --help`);
}

function valueOf(option: string, value: string | undefined): string {
  if (value === undefined || value === "") throw new UsageError(`${option} needs a value`);
  return value;
}

function requestOf({ file, options }: Asked): InspectRequest {
  const stderrFile = options.get("--stderr");
  return { file, ...(stderrFile !== undefined && { stderrFile }), ...endingOf(options) };
}

function endingOf(options: ReadonlyMap<string, string>): Pick<InspectRequest, "exitCode" | "signal"> {
  const code = options.get("--exit-code");
  const signal = options.get("--signal");
  if (code !== undefined && signal !== undefined) throw new UsageError("--exit-code or --signal, not both");
  if (signal !== undefined) return { signal: parseSignal(signal) };
  if (code === undefined) return {};
  if (/^-\d+$/u.test(code)) return { signal: parseSignal(code.slice(1)) };
  if (!/^\d+$/u.test(code) || Number(code) > 255) {
    throw new UsageError(`--exit-code ${code}: allowed is a number from 0 to 255, or -N for signal N`);
  }
  return { exitCode: Number(code) };
}

function parseSignal(word: string): string {
  const upper = word.toUpperCase();
  const name = upper.startsWith("SIG") ? upper : `SIG${upper}`;
  const signal = /^\d+$/u.test(word) ? signalName(Number(word)) : name;
  if (signal === undefined || signalNumber(signal) === undefined) {
    throw new UsageError(`--signal ${word}: allowed is a signal's name or number, such as SIGKILL, TERM or 9`);
  }
  return signal;
}
