/** Options of `npm run bench`. */
import { parseArgs } from "node:util";

export interface Options {
  readonly isQuick: boolean;
  readonly keep: boolean;
  /** Runs one after the other on an idle cluster. */
  readonly idleRuns: number;
  /** Queued runs of one agent. */
  readonly handOffRuns: number;
  /** Runs created at once; 0: no burst. */
  readonly burstRuns: number;
  /** Repeat the burst with the bare operator. */
  readonly hasBare: boolean;
  /** Seconds without work for the operator. */
  readonly restSeconds: number;
  /** Runs created per second for `sustainedSeconds`; 0: none. */
  readonly sustainedPerSecond: number;
  readonly sustainedSeconds: number;
  /** Finished runs that are kept; 0: none. */
  readonly keptRuns: number;
  /** File for the raw figures. */
  readonly jsonFile?: string;
  /** Directory for the operator's CPU profile. */
  readonly profileDirectory?: string;
}

/** Invalid option; the message is one line. */
export class OptionError extends Error {
  override readonly name = "OptionError";
}

export const usage = `usage: npm run bench -- [options]
  --quick          small numbers and no burst: about a minute
  --idle N         runs one after the other (60; quick 10)
  --hand-off N     runs of one agent (20; quick 8)
  --burst N        runs all at once (500; quick 0: none)
  --bare           repeat burst and steady rate with a program that only sends the operator's requests
  --rest S         seconds without work (60; quick 5)
  --sustained N    runs created per second, after Jobs at the same rate (0: none)
  --seconds S      duration of --sustained (120)
  --kept N         finished runs that exist when the operator starts (0: none)
  --json FILE      also write the raw figures to FILE
  --profile DIR    write the operator's CPU profile to DIR
  --keep           keep the benchmark's cluster
  --help           print this help`;

/** Reads the command line; undefined for --help. Throws OptionError. */
export function readOptions(args: readonly string[]): Options | undefined {
  const values = parse(args);
  if (values.help === true) return undefined;
  const isQuick = values.quick === true;
  return {
    isQuick,
    keep: values.keep === true,
    idleRuns: count("--idle", values.idle, isQuick ? 10 : 60, 1),
    handOffRuns: count("--hand-off", values["hand-off"], isQuick ? 8 : 20, 2),
    burstRuns: count("--burst", values.burst, isQuick ? 0 : 500, 0),
    hasBare: values.bare === true,
    restSeconds: count("--rest", values.rest, isQuick ? 5 : 60, 1),
    sustainedPerSecond: count("--sustained", values.sustained, 0, 0),
    sustainedSeconds: count("--seconds", values.seconds, 120, 1),
    keptRuns: count("--kept", values.kept, 0, 0),
    ...(values.json === undefined ? {} : { jsonFile: values.json }),
    ...(values.profile === undefined ? {} : { profileDirectory: values.profile }),
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        quick: { type: "boolean" },
        keep: { type: "boolean" },
        help: { type: "boolean", short: "h" },
        idle: { type: "string" },
        "hand-off": { type: "string" },
        burst: { type: "string" },
        bare: { type: "boolean" },
        rest: { type: "string" },
        sustained: { type: "string" },
        seconds: { type: "string" },
        kept: { type: "string" },
        json: { type: "string" },
        profile: { type: "string" },
      },
    }).values;
  } catch (error) {
    // Node adds advice about positional arguments after the first sentence.
    throw new OptionError((error as Error).message.split(". ")[0] ?? "the options cannot be read");
  }
}

const most = 20_000;

/** Parses a whole number. Throws OptionError with the allowed range. */
export function count(option: string, text: string | undefined, fallback: number, least: number): number {
  if (text === undefined) return fallback;
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= least && number <= most) return number;
  throw new OptionError(`${option} must be a whole number from ${least} to ${most}, not '${text}'`);
}
