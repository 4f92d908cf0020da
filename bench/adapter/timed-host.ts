/** A host that notes when what reached it, and keeps nothing else. */
import type { AdapterExecutionContext } from "@paperclipai/adapter-utils";
import { TestHost } from "../../adapter/testing/host.ts";
import type { execute as Execute } from "../../adapter/execute.ts";

/** As the host loads it: the bundle. */
export const { execute } = (await import(new URL("../../adapter/dist/index.js", import.meta.url).href)) as {
  readonly execute: typeof Execute;
};

/** A line of the stand-in's, as it arrived; times in microseconds of the machine's monotonic clock. */
export interface Arrival {
  readonly n: number | undefined;
  readonly writtenUs: number;
  readonly arrivedUs: number;
}

/** The clock that the stand-in writes down. */
export function nowUs(): number {
  return Number(process.hrtime.bigint() / 1000n);
}

/** What a line of the stand-in says of itself; undefined for other lines. */
export function arrivalOf(line: string, arrivedUs: number): Arrival | undefined {
  const at = /"at":(\d+)/u.exec(line)?.[1];
  if (at === undefined) return undefined;
  const n = /"n":(\d+)/u.exec(line)?.[1];
  return { n: n === undefined ? undefined : Number(n), writtenUs: Number(at), arrivedUs };
}

export class TimedHost {
  readonly #host: TestHost;
  readonly context: AdapterExecutionContext;
  readonly arrivals: Arrival[] = [];
  /** Our own lines and claude's stderr. */
  said = "";
  readonly #first = Promise.withResolvers<undefined>();

  constructor(config: Record<string, unknown>) {
    this.#host = new TestHost({ config });
    this.context = { ...this.#host.context, onLog: (stream, chunk) => this.#take(stream, chunk) };
  }

  /** Resolves with the first line of the run's. */
  get begun(): Promise<unknown> {
    return this.#first.promise;
  }

  cancel(): void {
    this.#host.cancel();
  }

  #take(stream: "stdout" | "stderr", chunk: string): Promise<void> {
    const arrivedUs = nowUs();
    if (stream === "stderr" || chunk.startsWith("[clauderun] ")) this.said += chunk;
    else {
      for (const line of chunk.split("\n")) {
        const arrival = arrivalOf(line, arrivedUs);
        if (arrival !== undefined) this.arrivals.push(arrival);
      }
      this.#first.resolve(undefined);
    }
    return Promise.resolve();
  }
}
