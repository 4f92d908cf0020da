/**
 * Keeps a cache of one kind of object current by lists and watches, with retries, until it is stopped. A full list
 * every `relistMs` finds what a watch may have missed. Objects are parsed into the domain's types as they arrive, so
 * that specs and managed fields are never kept.
 */
import { watchLoop } from "../../kube/watch-loop.ts";
import type { WatchEvent, WatchOptions } from "../../kube/watch.ts";
import { ClusterError, ExpiredError } from "../errors.ts";
import type { Log } from "../log.ts";
import { heapBytes } from "./heap-bytes.ts";
import { LargeObjects, largeBytes } from "./large-objects.ts";
import { listPages, type Listed } from "./list-pages.ts";
import type { Store, Stored } from "./store.ts";
import type { Transport } from "./transport.ts";

export interface ReflectorOptions<T extends Stored> {
  readonly transport: Transport;
  /** The collection's path, such as /api/v1/pods. */
  readonly path: string;
  /** The namespace of the path, if it has one: a store can have several reflectors. */
  readonly namespace?: string | undefined;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** The domain's object; undefined for an object that is not cached. */
  readonly parse: (object: unknown) => T | undefined;
  readonly store: Store<T>;
  readonly log: Log;
  /** Called with each deleted object of the watch, cached or not. */
  readonly onDeleted?: (object: unknown) => void;
  readonly idleMs?: number;
  readonly relistMs?: number;
  /** Longest delay after the first failure; it doubles. */
  readonly baseDelayMs?: number;
}

type Limits = Pick<ReflectorOptions<Stored>, "namespace" | "labelSelector" | "fieldSelector">;

const maxDelayMs = 10_000;
/** A longer event is not read: with it in memory, its object and the next event need some 50 MB. */
const maxLineBytes = 3 * 2 ** 20;

export class Reflector<T extends Stored> {
  readonly #options: Required<Omit<ReflectorOptions<T>, keyof Limits | "onDeleted">> &
    Limits &
    Pick<ReflectorOptions<T>, "onDeleted">;
  readonly #stop = new AbortController();
  readonly #synced = Promise.withResolvers<undefined>();
  readonly #large: LargeObjects;
  #running: Promise<void> | undefined;
  #relistAtMs = 0;
  #wasListed = false;
  #restarts = 0;
  #missed = 0;
  #lastHeardMs = performance.now();
  #lastMovedMs = performance.now();

  constructor(options: ReflectorOptions<T>) {
    this.#options = { idleMs: 90_000, relistMs: 600_000, baseDelayMs: 200, ...options };
    this.#large = new LargeObjects(options.log, options.path);
  }

  /** Number of objects that were too large to be read, counted each time. */
  get tooLarge(): number {
    return this.#large.unreadable;
  }

  /** Number of times that a list or watch failed. */
  get restarts(): number {
    return this.#restarts;
  }

  /** Number of objects that a later list showed new, changed or deleted although the watch had not. */
  get missed(): number {
    return this.#missed;
  }

  /** Time of the API server's last response or data, by performance.now(). */
  get lastHeardMs(): number {
    return this.#lastHeardMs;
  }

  /** Time of the last try or data, by performance.now(): proves that the loop runs without an answer too. */
  get lastMovedMs(): number {
    return this.#lastMovedMs;
  }

  get path(): string {
    return this.#options.path;
  }

  /** The plural of the watched kind. */
  get resource(): string {
    return this.#options.path.split("/").at(-1) ?? "";
  }

  /** True after the first list. */
  get isSynced(): boolean {
    return this.#wasListed;
  }

  /** Resolves after the first list. */
  whenSynced(): Promise<undefined> {
    return this.#synced.promise;
  }

  start(): void {
    this.#heard();
    this.#running ??= watchLoop<Listed>({
      opener: this.#options.transport,
      watch: () => this.#watchOptions(),
      read: () => this.#list(),
      isReadDue: () => {
        this.#lastMovedMs = performance.now();
        return performance.now() >= this.#relistAtMs;
      },
      onEvent: (event) => {
        this.#apply(event);
      },
      onFailure: (error, delayMs) => {
        this.#failed(error, delayMs);
      },
      backoff: { baseMs: this.#options.baseDelayMs, maxMs: maxDelayMs },
      signal: this.#stop.signal,
    });
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  #heard(): void {
    this.#lastHeardMs = performance.now();
    this.#lastMovedMs = this.#lastHeardMs;
  }

  #failed(error: unknown, delayMs: number): void {
    const { path, log } = this.#options;
    this.#restarts += 1;
    this.#lastMovedMs = performance.now();
    const isOwn = error instanceof ExpiredError || error instanceof ClusterError;
    const err = isOwn ? error : new ClusterError(`the watch of ${path} failed`, { cause: error });
    log.warn({ err, path, delayMs }, "list or watch failed, retrying");
  }

  /** Lists everything in pages. Returns the list's resource version. */
  async #list(): Promise<string> {
    const { transport, path, namespace, labelSelector, fieldSelector, store, relistMs } = this.#options;
    const { signal } = this.#stop;
    this.#lastMovedMs = performance.now();
    const uids = new Set<string>();
    let version = "";
    let changes = 0;
    for await (const page of listPages(transport, path, { labelSelector, fieldSelector, signal })) {
      this.#heard();
      for (const item of page.items) {
        const { uid } = item.metadata ?? {};
        if (uid === undefined) continue;
        uids.add(uid);
        if (page.bytes > largeBytes) this.#large.read(item, heapBytes(item, largeBytes));
        if (this.#store(uid, item)) changes += 1;
      }
      for (const { metadata } of page.tooLarge) {
        this.#large.skipped(metadata);
        if (metadata?.uid !== undefined) uids.add(metadata.uid);
      }
      version = page.version ?? version;
    }
    changes += store.keepOnly(uids, { version, namespace });
    if (this.#wasListed) this.#missed += changes;
    this.#relistAtMs = performance.now() + relistMs * (0.9 + Math.random() * 0.2);
    this.#wasListed = true;
    this.#synced.resolve(undefined);
    return version;
  }

  #watchOptions(): WatchOptions {
    const { path, labelSelector, fieldSelector, idleMs } = this.#options;
    const seconds = Math.min(300 + Math.random() * 300, (this.#relistAtMs - performance.now()) / 1000);
    return {
      path,
      query: {
        ...(labelSelector === undefined ? {} : { labelSelector }),
        ...(fieldSelector === undefined ? {} : { fieldSelector }),
      },
      timeoutSeconds: Math.max(5, Math.round(seconds)),
      idleMs,
      maxLineBytes,
      // The cached version of such an object stays.
      onTooLarge: (metadata) => {
        this.#large.skipped(metadata);
      },
      onData: () => {
        this.#heard();
      },
    };
  }

  #apply({ type, object, lengthBytes }: WatchEvent<Listed>): void {
    const { uid, resourceVersion = "" } = object.metadata ?? {};
    this.#large.read(object, lengthBytes);
    if (uid === undefined) return;
    if (type !== "DELETED") {
      this.#store(uid, object);
      return;
    }
    this.#options.store.remove(uid, resourceVersion);
    this.#options.onDeleted?.(object);
  }

  /** Returns true if that changed the cache. If an object cannot be parsed, its cached version stays. */
  #store(uid: string, object: unknown): boolean {
    const { store, parse, log, path } = this.#options;
    try {
      return store.put(uid, parse(object));
    } catch (error) {
      log.error({ err: error, path, uid }, "failed to parse an object, its last state stays cached");
      return false;
    }
  }
}
