/**
 * Records when something was first seen. One process watches runs, Jobs and pods and records the time
 * (performance.now()) at which an event arrived. The same watches time ClaudeRuns and the floor's Jobs.
 */
import { labels, schedulingGate } from "../crds/names.ts";
import type { Client, WatchEvent } from "./client.ts";
import { runsPath, jobsPath, podsPath } from "./objects.ts";

export type Moment =
  "runAdded" | "runFinished" | "jobAdded" | "jobComplete" | "podAdded" | "podUngated" | "podSucceeded";

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
  readonly #failed = Promise.withResolvers<never>();

  private constructor() {
    // only waits report the failure
    this.#failed.promise.catch(() => undefined);
  }

  /** Opens the watches; resolves once all of them are open. */
  static async watch(client: Client): Promise<Moments> {
    const moments = new Moments();
    const end = (why: unknown): void => moments.#failed.reject(why);
    const kinds: [string, (event: WatchEvent) => void][] = [
      [runsPath, (event) => moments.#onRun(event)],
      [jobsPath, (event) => moments.#onJob(event)],
      [podsPath, (event) => moments.#onPod(event)],
    ];
    for (const [path, take] of kinds) await client.watch(path, take, end);
    return moments;
  }

  /** Resolves to the time of the moment. Rejects after the timeout. */
  async wait(name: string, moment: Moment, timeoutMs = 60_000): Promise<number> {
    const key = `${moment} ${name}`;
    const known = this.#seen.get(key);
    if (known !== undefined) return known;
    const { promise, resolve } = Promise.withResolvers<number>();
    this.#waiting.set(key, resolve);
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      late.reject(new Error(`timeout after ${timeoutMs / 1000} s waiting for ${key}`));
    }, timeoutMs);
    return Promise.race([promise, late.promise, this.#failed.promise]).finally(() => clearTimeout(timer));
  }

  /** Resolves to the times of many objects. Rejects if one is missing after the timeout. */
  all(names: readonly string[], moment: Moment, timeoutMs?: number): Promise<number[]> {
    return Promise.all(names.map((name) => this.wait(name, moment, timeoutMs)));
  }

  #record(moment: Moment, name: string): void {
    const key = `${moment} ${name}`;
    if (this.#seen.has(key)) return;
    const now = performance.now();
    this.#seen.set(key, now);
    this.#waiting.get(key)?.(now);
    this.#waiting.delete(key);
  }

  #onRun({ object }: WatchEvent): void {
    const { metadata, status } = object as Shown;
    this.#record("runAdded", metadata.name);
    if (status?.phase === "Succeeded") this.#record("runFinished", metadata.name);
    // A failing run would be faster than a successful one.
    if (status?.phase === "Failed" || status?.phase === "Cancelled") {
      const why = status.conditions?.find(({ type }) => type === "Succeeded")?.message ?? "without a message";
      this.#failed.reject(new Error(`run ${metadata.name} ended as ${status.phase}: ${why}`));
    }
  }

  #onJob({ object }: WatchEvent): void {
    const { metadata, status } = object as Shown;
    const name = metadata.labels?.[labels.run] ?? metadata.name;
    this.#record("jobAdded", name);
    const isComplete = status?.conditions?.some(({ type, status: is }) => type === "Complete" && is === "True");
    if (isComplete === true) this.#record("jobComplete", name);
  }

  #onPod({ object }: WatchEvent): void {
    const { metadata, spec, status } = object as Shown;
    const name = metadata.labels?.[labels.run] ?? metadata.labels?.["batch.kubernetes.io/job-name"] ?? metadata.name;
    this.#record("podAdded", name);
    if (!(spec?.schedulingGates ?? []).some((gate) => gate.name === schedulingGate)) this.#record("podUngated", name);
    if (status?.phase === "Succeeded") this.#record("podSucceeded", name);
  }
}
