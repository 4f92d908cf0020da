/** What `npm run bench` can be asked for. */
import { parseArgs } from "node:util";

export interface Options {
  readonly isQuick: boolean;
  readonly keep: boolean;
  /** Runs made one after the other on an idle cluster. */
  readonly idleRuns: number;
  /** Runs of one agent, queued behind each other. */
  readonly handOffRuns: number;
  /** Runs made all at once; 0: no burst. */
  readonly burstRuns: number;
  /** The same burst without the operator, by whoever sends its requests. */
  readonly hasBare: boolean;
  /** Seconds in which nothing is asked of the operator. */
  readonly restSeconds: number;
  /** Runs made per second for `sustainedSeconds`; 0: none. */
  readonly sustainedPerSecond: number;
  readonly sustainedSeconds: number;
  /** Finished runs that are kept; 0: none. */
  readonly keptRuns: number;
  /** Where raw figures go. */
  readonly jsonFile?: string;
  /** Where the operator's CPU profile goes. */
  readonly profileDirectory?: string;
}

/** A mistake on the command line, in one line. */
export class OptionError extends Error {
  override readonly name = "OptionError";
}

export const usage = `usage: npm run bench -- [options]
  --quick          small numbers and no burst: about a minute
  --idle N         runs one after the other (60; quick 10)
  --hand-off N     runs of one agent (20; quick 8)
  --burst N        runs all at once (500; quick 0, which is none)
  --bare           burst and steady rate once more without the operator: by a program that only sends its requests
  --rest S         seconds of doing nothing (60; quick 5)
  --sustained N    runs made per second, as steadily as Jobs before them (0, which is none)
  --seconds S      for so long (120)
  --kept N         finished runs that the operator finds when it starts (0, which is none)
  --json FILE      writes the raw figures there too
  --profile DIR    the operator writes a CPU profile there when it ends
  --keep           leaves the benchmark's cluster up for a next time
  --help           this`;

/** Reads the command line; undefined: only help was asked for. */
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

/** A whole number from an option; throws OptionError with what is allowed. */
export function count(option: string, text: string | undefined, fallback: number, least: number): number {
  if (text === undefined) return fallback;
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= least && number <= most) return number;
  throw new OptionError(`${option} must be a whole number from ${least} to ${most}, not '${text}'`);
}
