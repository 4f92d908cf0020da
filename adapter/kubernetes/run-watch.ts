/** One ClaudeRun, kept true by a watch of that one object: no polling. */
import { setTimeout as wait } from "node:timers/promises";
import type { ClaudeRun } from "../../crds/claude-run.ts";
import { ApiError } from "./api-error.ts";
import type { Connection } from "./connection.ts";
import { runPath, runsPath } from "./paths.ts";
import { watchEvents } from "./watch-events.ts";

const maxDelayMs = 5_000;

/** Follows a run from what is known of it until stop(). */
export class RunWatch {
  readonly #connection: Connection;
  readonly #stop = new AbortController();
  readonly #listeners = new Set<() => void>();
  #running: Promise<void> | undefined;
  #run: ClaudeRun;
  #isGone = false;

  constructor(connection: Connection, run: ClaudeRun) {
    this.#connection = connection;
    this.#run = run;
  }

  /** The newest state that the API server has shown. */
  get run(): ClaudeRun {
    return this.#run;
  }

  /** True once the object was deleted. */
  get isGone(): boolean {
    return this.#isGone;
  }

  start(): void {
    this.#running ??= this.#follow();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  /** Calls back now and after every change, until the returned function is called. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    listener();
    return () => this.#listeners.delete(listener);
  }

  /** Resolves once the question is answered with yes, or the signal is aborted. */
  async until(question: () => boolean, signal?: AbortSignal): Promise<void> {
    if (question() || signal?.aborted === true) return;
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const done = (): void => resolve(undefined);
    const off = this.onChange(() => {
      if (question()) done();
    });
    signal?.addEventListener("abort", done, { once: true });
    await promise;
    off();
    signal?.removeEventListener("abort", done);
  }

  async #follow(): Promise<void> {
    const { signal } = this.#stop;
    let version: string | undefined = this.#run.metadata.resourceVersion;
    let failures = 0;
    while (!signal.aborted && !this.#isGone) {
      const openedMs = performance.now();
      try {
        version ??= await this.#read();
        if (version === undefined) return;
        version = await this.#watch(version);
        // A watch that the server ends at once must not become a hot loop.
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

  /** Reads the run once; returns its version, or undefined if it is gone. */
  async #read(): Promise<string | undefined> {
    const { namespace, name } = this.#run.metadata;
    try {
      const run = (await this.#connection.request("GET", runPath(namespace, name), {
        signal: this.#stop.signal,
      })) as ClaudeRun;
      this.#take(run);
      return run.metadata.resourceVersion;
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 404) throw error;
      this.#end();
      return undefined;
    }
  }

  /** Reads events until the server ends the watch; returns the version to go on from. */
  async #watch(from: string): Promise<string> {
    const { namespace, name } = this.#run.metadata;
    const { signal } = this.#stop;
    const query = { fieldSelector: `metadata.name=${name}` };
    let version = from;
    const watched = { path: runsPath(namespace), query, resourceVersion: from, signal };
    for await (const { type, object } of watchEvents<ClaudeRun>(this.#connection, watched)) {
      if (type === "DELETED" && object.metadata.uid === this.#run.metadata.uid) this.#end();
      else if (type !== "BOOKMARK") this.#take(object);
      version = object.metadata.resourceVersion;
    }
    return version;
  }

  #take(run: ClaudeRun): void {
    // Somebody deleted ours and made another of the same name: ours is gone.
    if (run.metadata.uid !== this.#run.metadata.uid) {
      this.#end();
      return;
    }
    this.#run = run;
    this.#tell();
  }

  #end(): void {
    this.#isGone = true;
    this.#tell();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}
