/** Options of `npm run bench:adapter`. */
import { parseArgs } from "node:util";
import { count, OptionError } from "../options.ts";

export interface Options {
  /** Runs one after the other, for the latency of Job and result. */
  readonly runs: number;
  /** Seconds for which one run writes lines. */
  readonly logSeconds: number;
  /** Runs followed at once; 0: none. */
  readonly crowd: number;
  /** File for the raw figures. */
  readonly jsonFile?: string;
}

export const usage = `usage: npm run bench:adapter -- [options]
  --quick          small numbers: about two minutes
  --runs N         runs one after the other (30; quick 8)
  --log S          seconds for which one run writes a line every 50 ms (600; quick 30)
  --crowd N        runs followed at once by one process (50; quick 10; 0: none)
  --json FILE      also write the raw figures to FILE
  --help           print this help`;

/** Reads the command line; undefined for --help. Throws OptionError. */
export function readOptions(args: readonly string[]): Options | undefined {
  const values = parse(args);
  if (values.help === true) return undefined;
  const isQuick = values.quick === true;
  return {
    runs: count("--runs", values.runs, isQuick ? 8 : 30, 1),
    logSeconds: count("--log", values.log, isQuick ? 30 : 600, 1),
    crowd: count("--crowd", values.crowd, isQuick ? 10 : 50, 0),
    ...(values.json === undefined ? {} : { jsonFile: values.json }),
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        quick: { type: "boolean" },
        help: { type: "boolean", short: "h" },
        runs: { type: "string" },
        log: { type: "string" },
        crowd: { type: "string" },
        json: { type: "string" },
      },
    }).values;
  } catch (error) {
    // Node adds advice about positional arguments after the first sentence.
    throw new OptionError((error as Error).message.split(". ")[0] ?? "the options cannot be read");
  }
}
