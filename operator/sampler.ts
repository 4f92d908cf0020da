/**
 * Asks now and then how runs that run get on: each at most once per interval, spread by chance, a few at a time, and
 * none before one interval has passed, so that neither short runs nor a change of the leader cost reads.
 */
import { isDeepStrictEqual } from "node:util";
import type { Pod, Sample } from "./domain.ts";
import type { Log } from "./log.ts";

export interface SamplerOptions {
  /** The pods there are, of which those that run are asked. */
  readonly pods: () => Iterable<Pod>;
  readonly read: (pod: Pod) => Promise<Sample | undefined>;
  /** Something is new about this pod. */
  readonly onNews: (pod: Pod) => void;
  readonly onRead: (result: "ok" | "none" | "error") => void;
  readonly log: Pick<Log, "debug">;
  readonly intervalMs: number;
  readonly tickMs?: number;
}

const concurrency = 4;

export class Sampler {
  readonly #options: Required<SamplerOptions>;
  readonly #samples = new Map<string, Sample>();
  /** When each running pod may be asked next (performance.now()). */
  #dueMs = new Map<string, number>();
  #inFlight = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: SamplerOptions) {
    this.#options = { tickMs: 1_000, ...options };
  }

  start(): void {
    this.stop();
    this.#timer = setInterval(() => {
      this.#tick();
    }, this.#options.tickMs);
  }

  /** Forgets everything: who leads next begins anew. */
  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#dueMs.clear();
    this.#samples.clear();
  }

  /** The newest sample of a pod, by uid. */
  sampleOf(uid: string): Sample | undefined {
    return this.#samples.get(uid);
  }

  #tick(): void {
    const nowMs = performance.now();
    const dueMs = new Map<string, number>();
    for (const pod of this.#options.pods()) {
      if (pod.container.kind !== "running" || pod.phase !== "Running") continue;
      const atMs = this.#dueMs.get(pod.uid) ?? this.#nextMs(nowMs);
      const isDue = atMs <= nowMs && this.#inFlight < concurrency;
      dueMs.set(pod.uid, isDue ? this.#nextMs(nowMs) : atMs);
      if (isDue) void this.#ask(pod);
    }
    for (const uid of this.#samples.keys()) if (!dueMs.has(uid)) this.#samples.delete(uid);
    this.#dueMs = dueMs;
  }

  #nextMs(nowMs: number): number {
    return nowMs + this.#options.intervalMs * (1 + Math.random() / 4);
  }

  /** A log that cannot be read says nothing about the run: the kubelet may be away. */
  async #ask(pod: Pod): Promise<void> {
    const { read, onRead, onNews, log } = this.#options;
    this.#inFlight += 1;
    try {
      const sample = await read(pod);
      onRead(sample === undefined ? "none" : "ok");
      const isWanted = sample !== undefined && this.#dueMs.has(pod.uid);
      if (!isWanted || isDeepStrictEqual(sample, this.#samples.get(pod.uid))) return;
      this.#samples.set(pod.uid, sample);
      onNews(pod);
    } catch (error) {
      onRead("error");
      log.debug({ namespace: pod.namespace, pod: pod.name, err: error }, "a log could not be read for progress");
    } finally {
      this.#inFlight -= 1;
    }
  }
}
