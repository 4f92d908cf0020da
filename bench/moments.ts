/**
 * When what was first seen. One process watches runs, Jobs and pods and notes the moment (performance.now()) at which
 * the event's line arrived; ClaudeRuns and the floor's Jobs are timed by the same watches.
 */
import { labels, schedulingGate } from "../crds/names.ts";
import type { Client, WatchEvent } from "./client.ts";
import { runsPath, jobsPath, podsPath } from "./objects.ts";

export type Moment = "runAdded" | "runFinished" | "jobAdded" | "jobComplete" | "podAdded" | "podLetGo" | "podSucceeded";

interface Shown {
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  readonly spec?: { readonly schedulingGates?: readonly { readonly name: string }[] };
  readonly status?: {
    readonly phase?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message?: string }[];
  };
}

export class Moments {
  readonly #seen = new Map<string, number>();
  readonly #waiting = new Map<string, (ms: number) => void>();
  readonly #broken = Promise.withResolvers<never>();

  private constructor() {
    // whoever waits hears of it; if nobody does, it is no news
    this.#broken.promise.catch(() => undefined);
  }

  /** Opens the watches; resolves once all of them are open. */
  static async watch(client: Client): Promise<Moments> {
    const moments = new Moments();
    const end = (why: unknown): void => moments.#broken.reject(why);
    const kinds: [string, (event: WatchEvent) => void][] = [
      [runsPath, (event) => moments.#takeRun(event)],
      [jobsPath, (event) => moments.#takeJob(event)],
      [podsPath, (event) => moments.#takePod(event)],
    ];
    for (const [path, take] of kinds) await client.watch(path, take, end);
    return moments;
  }

  /** Resolves to the moment, waiting for it if need be. */
  async wait(name: string, moment: Moment, timeoutMs = 60_000): Promise<number> {
    const key = `${moment} ${name}`;
    const known = this.#seen.get(key);
    if (known !== undefined) return known;
    const { promise, resolve } = Promise.withResolvers<number>();
    this.#waiting.set(key, resolve);
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      late.reject(new Error(`waited ${timeoutMs / 1000} s in vain for ${key}`));
    }, timeoutMs);
    return Promise.race([promise, late.promise, this.#broken.promise]).finally(() => clearTimeout(timer));
  }

  /** The moments of many objects; all of them must come within the time. */
  all(names: readonly string[], moment: Moment, timeoutMs?: number): Promise<number[]> {
    return Promise.all(names.map((name) => this.wait(name, moment, timeoutMs)));
  }

  #note(moment: Moment, name: string): void {
    const key = `${moment} ${name}`;
    if (this.#seen.has(key)) return;
    const now = performance.now();
    this.#seen.set(key, now);
    this.#waiting.get(key)?.(now);
    this.#waiting.delete(key);
  }

  #takeRun({ object }: WatchEvent): void {
    const { metadata, status } = object as Shown;
    this.#note("runAdded", metadata.name);
    if (status?.phase === "Succeeded") this.#note("runFinished", metadata.name);
    // A run that fails here would be faster than one that works.
    if (status?.phase === "Failed" || status?.phase === "Cancelled") {
      const why = status.conditions?.find(({ type }) => type === "Succeeded")?.message ?? "without a message";
      this.#broken.reject(new Error(`run ${metadata.name} ended as ${status.phase}: ${why}`));
    }
  }

  #takeJob({ object }: WatchEvent): void {
    const { metadata, status } = object as Shown;
    const name = metadata.labels?.[labels.run] ?? metadata.name;
    this.#note("jobAdded", name);
    const isComplete = status?.conditions?.some(({ type, status: is }) => type === "Complete" && is === "True");
    if (isComplete === true) this.#note("jobComplete", name);
  }

  #takePod({ object }: WatchEvent): void {
    const { metadata, spec, status } = object as Shown;
    const name = metadata.labels?.[labels.run] ?? metadata.labels?.["batch.kubernetes.io/job-name"] ?? metadata.name;
    this.#note("podAdded", name);
    if (!(spec?.schedulingGates ?? []).some((gate) => gate.name === schedulingGate)) this.#note("podLetGo", name);
    if (status?.phase === "Succeeded") this.#note("podSucceeded", name);
  }
}
