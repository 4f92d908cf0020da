/**
 * Keeps a cache of one kind of object true: list, watch, and again for ever with backoff, until stopped. A watch that
 * ends or breaks off is resumed where it was; only what is too old, or fails again and again, is listed anew. A watch
 * that falls silent is broken off (bookmarks come about once a minute); every `relistMs` a full list finds what a watch
 * may have missed. Objects are parsed into the domain's on the way in, so specs and managed fields are never kept.
 */
import { setTimeout as wait } from "node:timers/promises";
import { ClusterError, ExpiredError } from "../errors.ts";
import type { Log } from "../log.ts";
import { heapBytes } from "./heap-bytes.ts";
import { LargeObjects, largeBytes } from "./large-objects.ts";
import { lines, type Line } from "./lines.ts";
import { listPages, type Listed } from "./list-pages.ts";
import type { Store, Stored } from "./store.ts";
import type { Transport } from "./transport.ts";
import { readCutEvent, readWatchEvent } from "./watch-events.ts";

export interface ReflectorOptions<T extends Stored> {
  readonly transport: Transport;
  /** The collection's path, such as /api/v1/pods. */
  readonly path: string;
  /** The one namespace that the path is limited to, if it is: a store may be fed by several. */
  readonly namespace?: string | undefined;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** The domain's object, or undefined for one that need not be kept. */
  readonly parse: (object: unknown) => T | undefined;
  readonly store: Store<T>;
  readonly log: Log;
  /** Told of each object that the watch saw go, kept or not. */
  readonly onDeleted?: (object: unknown) => void;
  readonly idleMs?: number;
  readonly relistMs?: number;
  /** The first delay after a failure; it doubles. */
  readonly baseDelayMs?: number;
}

type Limits = Pick<ReflectorOptions<Stored>, "namespace" | "labelSelector" | "fieldSelector">;

const maxDelayMs = 10_000;
/** A watch that lived less than this and brought nothing counts as a failure: its server must not be hammered. */
const shortLifeMs = 1_000;
/** A longer line of a watch is not read: with it in memory, its object and the next line come to some 50 MB. */
const maxLineLength = 3 * 2 ** 20;
/** After so many failures in a row the version itself is doubted, and everything listed. */
const doubtedFailures = 5;

export class Reflector<T extends Stored> {
  readonly #options: Required<Omit<ReflectorOptions<T>, keyof Limits | "onDeleted">> &
    Limits &
    Pick<ReflectorOptions<T>, "onDeleted">;
  readonly #stop = new AbortController();
  readonly #synced = Promise.withResolvers<undefined>();
  #running: Promise<void> | undefined;
  /** Everything up to this version is applied; undefined: list. */
  #version: string | undefined;
  #relistAtMs = 0;
  #wasListed = false;
  /** Rounds in a row that brought nothing. */
  #failures = 0;
  /** True if the round brought an object. */
  #isFruitful = false;
  /** How often a watch or list failed and was started again. */
  restarts = 0;
  /** Objects that a relist showed new, changed or gone and the watch had not. */
  missed = 0;
  readonly #large: LargeObjects;
  /** When the API server last said anything (performance.now(), milliseconds). */
  lastHeardMs = performance.now();
  /** When we last tried anew or heard something: the sign that the loop itself goes on, also while nobody answers. */
  lastMovedMs = performance.now();

  constructor(options: ReflectorOptions<T>) {
    this.#options = { idleMs: 90_000, relistMs: 600_000, baseDelayMs: 200, ...options };
    this.#large = new LargeObjects(options.log, options.path);
  }

  /** Objects that were too large to be read, counted each time. */
  get tooLarge(): number {
    return this.#large.unreadable;
  }

  start(): void {
    this.#heard();
    this.#running ??= this.#run();
  }

  get path(): string {
    return this.#options.path;
  }

  /** The plural of what is watched. */
  get resource(): string {
    return this.#options.path.split("/").at(-1) ?? "";
  }

  /** True once the first list is in. */
  get isSynced(): boolean {
    return this.#wasListed;
  }

  /** Resolves once the first list is in. */
  whenSynced(): Promise<undefined> {
    return this.#synced.promise;
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  #heard(): void {
    this.lastHeardMs = performance.now();
    this.lastMovedMs = this.lastHeardMs;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const delayMs = await this.#round();
      if (delayMs > 0) await wait(delayMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /** A list if it is time for one, and a watch; returns how long to wait before the next. */
  async #round(): Promise<number> {
    let openedMs = Infinity;
    this.lastMovedMs = performance.now();
    this.#isFruitful = false;
    try {
      const version = await this.#listIfDue();
      openedMs = performance.now();
      await this.#watch(version);
      if (performance.now() - openedMs < shortLifeMs) return this.#backOff();
      this.#failures = 0;
      return 0;
    } catch (error) {
      if (this.#stop.signal.aborted) return 0;
      if (performance.now() - openedMs >= shortLifeMs) this.#failures = 0;
      if (error instanceof ExpiredError) this.#version = undefined;
      this.restarts += 1;
      const { retryAfterMs = 0 } = error as { readonly retryAfterMs?: number };
      const delayMs = Math.round(Math.max(this.#backOff(), retryAfterMs));
      this.#options.log.warn({ err: error, path: this.#options.path, delayMs }, "watch is started again");
      return delayMs;
    }
  }

  /** Counts a failure; returns its delay: doubling, with jitter, from the start again after a round that brought something. */
  #backOff(): number {
    this.#failures = this.#isFruitful ? 1 : this.#failures + 1;
    if (this.#failures >= doubtedFailures) this.#version = undefined;
    const capMs = Math.min(maxDelayMs, this.#options.baseDelayMs * 2 ** Math.min(this.#failures - 1, 10));
    return capMs / 2 + (Math.random() * capMs) / 2;
  }

  async #listIfDue(): Promise<string> {
    if (this.#version !== undefined && performance.now() < this.#relistAtMs) return this.#version;
    const version = await this.#list();
    this.#version = version;
    this.#relistAtMs = performance.now() + this.#options.relistMs * (0.9 + Math.random() * 0.2);
    this.#wasListed = true;
    this.#synced.resolve(undefined);
    return version;
  }

  /** A full list, in pages; returns its resource version. */
  async #list(): Promise<string> {
    const { transport, path, namespace, labelSelector, fieldSelector, store } = this.#options;
    const { signal } = this.#stop;
    const seen = new Set<string>();
    let version = "";
    let news = 0;
    for await (const page of listPages(transport, path, { labelSelector, fieldSelector, signal })) {
      this.#heard();
      for (const item of page.items) {
        const { uid } = item.metadata ?? {};
        if (uid === undefined) continue;
        seen.add(uid);
        if (page.bytes > largeBytes) this.#large.read(item, heapBytes(item, largeBytes));
        if (this.#take(uid, item)) news += 1;
      }
      for (const { metadata } of page.tooLarge) {
        this.#skip(metadata);
        if (metadata?.uid !== undefined) seen.add(metadata.uid);
      }
      version = page.version ?? version;
    }
    news += store.keepOnly(seen, { version, namespace });
    if (this.#wasListed) this.missed += news;
    return version;
  }

  /** Follows the watch until the server ends it. */
  async #watch(from: string): Promise<void> {
    const { transport, path, labelSelector, fieldSelector, idleMs } = this.#options;
    const idle = new AbortController();
    const timer = setTimeout(() => {
      idle.abort(new Error(`nothing was heard for ${idleMs} ms`));
    }, idleMs);
    const seconds = Math.min(300 + Math.random() * 300, (this.#relistAtMs - performance.now()) / 1000);
    const query = {
      watch: "true",
      resourceVersion: from,
      allowWatchBookmarks: "true",
      timeoutSeconds: String(Math.max(5, Math.round(seconds))),
      ...(labelSelector === undefined ? {} : { labelSelector }),
      ...(fieldSelector === undefined ? {} : { fieldSelector }),
    };
    try {
      const { body, close } = await transport.open(path, query, AbortSignal.any([this.#stop.signal, idle.signal]));
      this.#heard();
      try {
        for await (const line of lines(body, maxLineLength)) {
          if (this.#stop.signal.aborted) return;
          timer.refresh();
          this.#heard();
          this.#apply(line);
        }
      } finally {
        close();
      }
    } catch (error) {
      if (error instanceof ExpiredError || error instanceof ClusterError || this.#stop.signal.aborted) throw error;
      throw new ClusterError(`the watch of ${path} broke off`, { cause: error });
    } finally {
      clearTimeout(timer);
    }
  }

  #apply(line: Line): void {
    if (line.isCut) {
      const metadata = readCutEvent(line.text);
      this.#skip(metadata);
      this.#version = metadata?.resourceVersion ?? this.#version;
      return;
    }
    const { type, object } = readWatchEvent(line.text, this.#options.path);
    const { uid, resourceVersion } = object.metadata ?? {};
    this.#large.read(object, line.length);
    if (type !== "BOOKMARK" && uid !== undefined) {
      this.#isFruitful = true;
      if (type === "DELETED") this.#drop(uid, object);
      else this.#take(uid, object);
    }
    this.#version = resourceVersion ?? this.#version;
  }

  #drop(uid: string, object: Listed): void {
    this.#options.store.remove(uid, object.metadata?.resourceVersion ?? "");
    this.#options.onDeleted?.(object);
  }

  /** What was known of it stays: it is neither new nor gone. */
  #skip(metadata: Listed["metadata"]): void {
    this.#isFruitful = true;
    this.#large.skipped(metadata);
  }

  /** One object that cannot be taken in must not stop all others: what was known of it stays. */
  #take(uid: string, object: unknown): boolean {
    const { store, parse, log, path } = this.#options;
    try {
      return store.put(uid, parse(object));
    } catch (error) {
      log.error({ err: error, path, uid }, "an object could not be taken in");
      return false;
    }
  }
}
