/**
 * Polls running pods for progress. Each is read at most once per interval, at a random moment, and a few at a time. The
 * first read is after an interval, so that short runs and a change of the leader cost no reads.
 */
import { isDeepStrictEqual } from "node:util";
import type { Pod, Sample } from "./domain.ts";
import type { Log } from "./log.ts";

export interface SamplerOptions {
  /** Returns all pods; the running ones are sampled. */
  readonly pods: () => Iterable<Pod>;
  readonly read: (pod: Pod) => Promise<Sample | undefined>;
  /** Called with a pod whose sample changed. */
  readonly onChange: (pod: Pod) => void;
  readonly onRead: (result: "ok" | "none" | "error") => void;
  readonly log: Pick<Log, "debug">;
  readonly intervalMs: number;
  readonly tickMs?: number;
}

const concurrency = 4;

export class Sampler {
  readonly #options: Required<SamplerOptions>;
  readonly #samples = new Map<string, Sample>();
  /** The time of the next read per running pod (performance.now()). */
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

  /** Stops and drops all samples: the next leader reads them again. */
  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#dueMs.clear();
    this.#samples.clear();
  }

  /** Returns the newest sample of a pod, by uid. */
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
      if (isDue) void this.#read(pod);
    }
    for (const uid of this.#samples.keys()) if (!dueMs.has(uid)) this.#samples.delete(uid);
    this.#dueMs = dueMs;
  }

  #nextMs(nowMs: number): number {
    return nowMs + this.#options.intervalMs * (1 + Math.random() / 4);
  }

  /** A failed read is no failure of the run: the kubelet may be unreachable. */
  async #read(pod: Pod): Promise<void> {
    const { read, onRead, onChange, log } = this.#options;
    this.#inFlight += 1;
    try {
      const sample = await read(pod);
      onRead(sample === undefined ? "none" : "ok");
      const isWanted = sample !== undefined && this.#dueMs.has(pod.uid);
      if (!isWanted || isDeepStrictEqual(sample, this.#samples.get(pod.uid))) return;
      this.#samples.set(pod.uid, sample);
      onChange(pod);
    } catch (error) {
      onRead("error");
      log.debug({ namespace: pod.namespace, pod: pod.name, err: error }, "failed to read progress from the log");
    } finally {
      this.#inFlight -= 1;
    }
  }
}
