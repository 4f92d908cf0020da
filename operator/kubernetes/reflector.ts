/**
 * Keeps a cache of one kind of object true: list, watch, and again for ever with backoff, until stopped. A watch that
 * falls silent is broken off (bookmarks come about once a minute); every `relistMs` a full list finds what a watch may
 * have missed. Objects are parsed into the domain's on the way in, so specs and managed fields are never kept.
 */
import { setTimeout as wait } from "node:timers/promises";
import { ClusterError } from "../errors.ts";
import type { Log } from "../log.ts";
import type { Store, Stored } from "./store.ts";
import type { Transport } from "./transport.ts";

export interface ReflectorOptions<T extends Stored> {
  readonly transport: Transport;
  /** The collection's path, such as /api/v1/pods. */
  readonly path: string;
  readonly labelSelector?: string;
  /** The domain's object, or undefined for one that need not be kept. */
  readonly parse: (object: unknown) => T | undefined;
  readonly store: Store<T>;
  readonly log: Log;
  readonly idleMs?: number;
  readonly relistMs?: number;
}

interface RawMeta {
  readonly metadata?: { readonly uid?: string; readonly resourceVersion?: string };
}
interface RawList extends RawMeta {
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string };
  readonly items?: readonly unknown[];
}
interface WatchEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: RawMeta & { readonly code?: number; readonly message?: string };
}

/** The resource version is too old to go on from: list again. */
class ExpiredError extends Error {
  override readonly name = "ExpiredError";
}

const pageSize = 500;
const maxBackoffMs = 30_000;

export class Reflector<T extends Stored> {
  readonly #options: Required<Omit<ReflectorOptions<T>, "labelSelector">> & { labelSelector?: string };
  readonly #stop = new AbortController();
  readonly #synced = Promise.withResolvers<undefined>();
  #running: Promise<void> | undefined;
  /** How often a watch or list had to be started again because it failed. */
  restarts = 0;
  /** Objects that a relist showed and the watch had not. */
  missed = 0;
  /** When the API server last said anything on the watch (process clock, milliseconds). */
  lastHeardMs = 0;

  constructor(options: ReflectorOptions<T>) {
    this.#options = { idleMs: 90_000, relistMs: 600_000, ...options };
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Resolves once the first list is in. */
  whenSynced(): Promise<undefined> {
    return this.#synced.promise;
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    let version: string | undefined;
    let relistAtMs = 0;
    let failures = 0;
    while (!signal.aborted) {
      try {
        if (version === undefined || Date.now() >= relistAtMs) {
          version = await this.#list(version !== undefined);
          relistAtMs = Date.now() + this.#options.relistMs * (0.9 + Math.random() * 0.2);
          this.#synced.resolve(undefined);
        }
        version = await this.#watch(version, relistAtMs);
        failures = 0;
      } catch (error) {
        if (this.#isStopped()) return;
        if (error instanceof ExpiredError) version = undefined;
        else {
          version = undefined;
          this.restarts += 1;
          failures += 1;
        }
        const delayMs = Math.random() * Math.min(maxBackoffMs, 200 * 2 ** Math.min(failures, 10));
        this.#options.log.warn(
          { err: error, path: this.#options.path, delayMs: Math.round(delayMs) },
          "watch is started again",
        );
        await wait(delayMs, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  #isStopped(): boolean {
    return this.#stop.signal.aborted;
  }

  /** A full list, in pages; returns its resource version. */
  async #list(isRelist: boolean): Promise<string> {
    const { transport, path, labelSelector, parse, store } = this.#options;
    const seen = new Set<string>();
    let next: string | undefined;
    let version = "";
    do {
      const query = { limit: pageSize, continue: next, labelSelector };
      const page = (await transport.request("GET", path, { query })) as RawList | undefined;
      if (page === undefined) throw new ClusterError(`${path} is not served: is the ClaudeRun CRD installed?`);
      for (const item of page.items ?? []) {
        const { uid } = (item as RawMeta).metadata ?? {};
        if (uid === undefined) continue;
        seen.add(uid);
        if (store.put(uid, parse(item)) && isRelist) this.missed += 1;
      }
      version = page.metadata?.resourceVersion ?? version;
      next = page.metadata?.continue === "" ? undefined : page.metadata?.continue;
    } while (next !== undefined);
    store.keepOnly(seen);
    return version;
  }

  /** Follows the watch until the server ends it; returns the newest resource version. */
  async #watch(from: string, untilMs: number): Promise<string> {
    const { transport, path, labelSelector, idleMs } = this.#options;
    const idle = new AbortController();
    let timer = setTimeout(() => idle.abort(), idleMs);
    const seconds = Math.max(5, Math.min(300 + Math.random() * 300, (untilMs - Date.now()) / 1000));
    const query = {
      watch: "true",
      resourceVersion: from,
      allowWatchBookmarks: "true",
      timeoutSeconds: String(Math.round(seconds)),
      ...(labelSelector === undefined ? {} : { labelSelector }),
    };
    let version = from;
    try {
      const { body, close } = await transport.open(path, query, AbortSignal.any([this.#stop.signal, idle.signal]));
      try {
        for await (const line of lines(body)) {
          clearTimeout(timer);
          timer = setTimeout(() => idle.abort(), idleMs);
          this.lastHeardMs = Date.now();
          version = this.#apply(JSON.parse(line) as WatchEvent) ?? version;
        }
      } finally {
        await close();
      }
      return version;
    } catch (error) {
      if (error instanceof ExpiredError || this.#stop.signal.aborted) throw error;
      throw new ClusterError(`the watch of ${path} broke off`, { cause: error });
    } finally {
      clearTimeout(timer);
    }
  }

  #apply({ type, object }: WatchEvent): string | undefined {
    if (type === "ERROR") {
      if (object.code === 410) throw new ExpiredError(object.message ?? "resource version expired");
      throw new ClusterError(`the watch of ${this.#options.path} said: ${object.message ?? "an error without words"}`);
    }
    const { uid, resourceVersion } = object.metadata ?? {};
    if (type === "DELETED" && uid !== undefined) this.#options.store.remove(uid);
    if ((type === "ADDED" || type === "MODIFIED") && uid !== undefined) {
      this.#options.store.put(uid, this.#options.parse(object));
    }
    return resourceVersion;
  }
}

async function* lines(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of body) {
    rest += decoder.decode(chunk, { stream: true });
    let end: number;
    while ((end = rest.indexOf("\n")) >= 0) {
      yield rest.slice(0, end);
      rest = rest.slice(end + 1);
    }
  }
}
