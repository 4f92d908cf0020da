/** A host that records only the arrival times of lines. */
import type { AdapterExecutionContext } from "@paperclipai/adapter-utils";
import { TestHost } from "../../adapter/testing/host.ts";
import type { execute as Execute } from "../../adapter/index.ts";

/** From the bundle, as the host loads it. */
export const { execute } = (await import(new URL("../../adapter/dist/index.js", import.meta.url).href)) as {
  readonly execute: typeof Execute;
};

/** Arrival of one pacer line; times in microseconds of the machine's monotonic clock. */
export interface Arrival {
  readonly n: number | undefined;
  readonly writtenUs: number;
  readonly arrivedUs: number;
}

/** Returns the time on the pacer's clock. */
export function nowUs(): number {
  return Number(process.hrtime.bigint() / 1000n);
}

/** Parses a line of the pacer; undefined for other lines. */
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
  /** Lines of the adapter and claude's stderr. */
  messages = "";
  readonly #first = Promise.withResolvers<undefined>();

  constructor(config: Record<string, unknown>) {
    this.#host = new TestHost({ config });
    this.context = { ...this.#host.context, onLog: (stream, chunk) => this.#receive(stream, chunk) };
  }

  /** Resolves with the run's first line. */
  get started(): Promise<unknown> {
    return this.#first.promise;
  }

  cancel(): void {
    this.#host.cancel();
  }

  #receive(stream: "stdout" | "stderr", chunk: string): Promise<void> {
    const arrivedUs = nowUs();
    if (stream === "stderr" || chunk.startsWith("[clauderun] ")) this.messages += chunk;
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
