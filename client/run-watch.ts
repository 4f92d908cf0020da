/** One ClaudeRun, kept true by a watch of that one object: no polling. */
import { setTimeout as wait } from "node:timers/promises";
import type { ClaudeRun } from "../crds/claude-run.ts";
import { ApiError } from "../kube/api-error.ts";
import type { Connection } from "../kube/connection.ts";
import { runPath, runsPath } from "./paths.ts";
import { parseRun } from "./parse-run.ts";
import { watchEvents } from "../kube/watch-events.ts";

const maxDelayMs = 5_000;

/** Watches a run from a known state until `stop`. Retries failures with backoff; it never rejects. */
export class RunWatch {
  readonly #connection: Connection;
  readonly #stop = new AbortController();
  readonly #listeners = new Set<() => void>();
  #running: Promise<void> | undefined;
  #run: ClaudeRun;
  #isDeleted = false;

  constructor(connection: Connection, run: ClaudeRun) {
    this.#connection = connection;
    this.#run = run;
  }

  /** The newest state of the run. */
  get run(): ClaudeRun {
    return this.#run;
  }

  /** True once the run was deleted, even if another one of the same name exists. */
  get isDeleted(): boolean {
    return this.#isDeleted;
  }

  start(): void {
    this.#running ??= this.#follow();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  /** Calls the listener now and after every change. Returns a function that unsubscribes it. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    listener();
    return () => this.#listeners.delete(listener);
  }

  /** Resolves once the predicate is true or the signal is aborted. */
  async until(predicate: () => boolean, signal?: AbortSignal): Promise<void> {
    if (predicate() || signal?.aborted === true) return;
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const done = (): void => resolve(undefined);
    const unsubscribe = this.onChange(() => {
      if (predicate()) done();
    });
    signal?.addEventListener("abort", done, { once: true });
    await promise;
    unsubscribe();
    signal?.removeEventListener("abort", done);
  }

  async #follow(): Promise<void> {
    const { signal } = this.#stop;
    let version: string | undefined = this.#run.metadata.resourceVersion;
    let failures = 0;
    while (!signal.aborted && !this.#isDeleted) {
      const openedMs = performance.now();
      try {
        version ??= await this.#get();
        if (version === undefined) return;
        version = await this.#watch(version);
        // Backs off if the server ends each watch at once.
        failures = performance.now() - openedMs < 1_000 ? failures + 1 : 0;
      } catch (error) {
        failures += 1;
        version = undefined;
        if (error instanceof ApiError && error.code === 410) failures = Math.min(failures, 1);
      }
      const delayMs = failures === 0 ? 0 : Math.min(maxDelayMs, 100 * 2 ** (failures - 1)) * (0.5 + Math.random() / 2);
      if (delayMs > 0) await wait(delayMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Reads the run once. Returns its resource version, or undefined if it was deleted. */
  async #get(): Promise<string | undefined> {
    const { namespace, name } = this.#run.metadata;
    try {
      const path = runPath(namespace, name);
      const run = parseRun(await this.#connection.request("GET", path, { signal: this.#stop.signal }), `GET ${path}`);
      this.#update(run);
      return run.metadata.resourceVersion;
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 404) throw error;
      this.#markDeleted();
      return undefined;
    }
  }

  /** Reads events until the server ends the watch. Returns the resource version to continue from. */
  async #watch(from: string): Promise<string> {
    const { namespace, name } = this.#run.metadata;
    const { signal } = this.#stop;
    const query = { fieldSelector: `metadata.name=${name}` };
    let version = from;
    const watched = { path: runsPath(namespace), query, resourceVersion: from, signal };
    for await (const { type, object } of watchEvents<unknown>(this.#connection, watched)) {
      if (type === "BOOKMARK") {
        version = versionOf(object) ?? version;
        continue;
      }
      const run = parseRun(object, `WATCH ${watched.path}`);
      // A server that ignores the selector sends events of other runs.
      if (run.metadata.name !== name) continue;
      if (type === "DELETED" && run.metadata.uid === this.#run.metadata.uid) this.#markDeleted();
      else this.#update(run);
      version = run.metadata.resourceVersion;
    }
    return version;
  }

  #update(run: ClaudeRun): void {
    // This run was deleted, and a new one has its name.
    if (run.metadata.uid !== this.#run.metadata.uid) {
      this.#markDeleted();
      return;
    }
    this.#run = run;
    this.#notify();
  }

  #markDeleted(): void {
    this.#isDeleted = true;
    this.#notify();
  }

  #notify(): void {
    for (const listener of this.#listeners) {
      try {
        listener();
      } catch {
        // A listener that fails must not stop the notification of the others.
      }
    }
  }
}

function versionOf(object: unknown): string | undefined {
  const version = (object as { metadata?: { resourceVersion?: unknown } } | null)?.metadata?.resourceVersion;
  return typeof version === "string" ? version : undefined;
}
