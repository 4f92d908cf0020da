/** One ClaudeRun, kept true by a watch of that one object: no polling. */
import type { ClaudeRun } from "../crds/claude-run.ts";
import { ApiError } from "../kube/api-error.ts";
import type { Connection } from "../kube/connection.ts";
import { runPath, runsPath } from "./paths.ts";
import { parseRun } from "./parse-run.ts";
import { watchLoop, type Watched } from "../kube/watch-loop.ts";
import type { WatchEvent } from "../kube/watch.ts";

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

  #follow(): Promise<void> {
    const { namespace, name, resourceVersion } = this.#run.metadata;
    return watchLoop<Watched>({
      opener: this.#connection,
      watch: () => ({ path: runsPath(namespace), query: { fieldSelector: `metadata.name=${name}` } }),
      read: () => this.#get(),
      onEvent: ({ type, object }) => {
        this.#apply(type, object);
      },
      version: resourceVersion,
      backoff: { baseMs: 100, maxMs: 5_000 },
      signal: this.#stop.signal,
    });
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

  #apply(type: WatchEvent<unknown>["type"], object: unknown): void {
    const { namespace, name, uid } = this.#run.metadata;
    const run = parseRun(object, `WATCH ${runsPath(namespace)}`);
    // A server that ignores the selector sends events of other runs.
    if (run.metadata.name !== name) return;
    if (type === "DELETED" && run.metadata.uid === uid) this.#markDeleted();
    else this.#update(run);
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
    this.#stop.abort();
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
