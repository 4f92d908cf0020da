/**
 * Which of the replicas acts: the one that holds a Lease. The slot is safe with any number of acting replicas; this only
 * avoids double work. Expiry is judged as client-go does, by how long we ourselves have seen no change, on a
 * monotonic clock: times that others wrote are never compared, as their clocks may be wrong.
 */
import { setTimeout as wait } from "node:timers/promises";
import { ConflictError } from "./errors.ts";
import type { Log } from "./log.ts";

/** What a Lease says. */
export interface LeaseRecord {
  /** Empty: it was released. */
  readonly holder: string;
  readonly durationMs: number;
  /** How often it went from one holder to another. */
  readonly transitions: number;
  /** Differs after each renewal; compared with itself only. */
  readonly sign: string;
}

/** A Lease that is watched, and written by compare-and-swap; operator/kubernetes/lease.ts speaks it. */
export interface Lock {
  /** The newest record that is known; undefined: there is none, or none is known. */
  readonly record: LeaseRecord | undefined;
  /** Begins to watch; `onChange` is called for every change, our own writes included. */
  start(onChange: () => void): void;
  stop(): Promise<void>;
  /** Asks what is stored. */
  read(timeoutMs: number): Promise<void>;
  /** Replaces the known record, or makes the first; throws ConflictError if something else is stored. */
  write(record: Omit<LeaseRecord, "sign">, timeoutMs: number): Promise<void>;
}

/** The right to act, and its end. */
export interface Leadership {
  readonly isHeld: boolean;
  /** Begins to contend for it; `gained` and `lost` come in turns. */
  start(on: { readonly gained: () => void; readonly lost: () => void }): void;
  /** Gives it up, so that another takes over at once. */
  stop(): Promise<void>;
}

/** Without election: held from the start. */
export const alwaysHeld: Leadership = {
  isHeld: true,
  start: ({ gained }) => gained(),
  stop: () => Promise.resolve(),
};

export interface ElectionOptions {
  readonly lock: Lock;
  /** Different in every process that contends, the same after a restart in the same pod: that one gets its Lease back at once. */
  readonly identity: string;
  readonly log: Log;
  /** Others wait for so long after the last renewal that they saw. */
  readonly leaseMs?: number;
  /** A leader that could not renew for so long gives up: well before others take over. */
  readonly renewDeadlineMs?: number;
  readonly retryMs?: number;
}

export class Election implements Leadership {
  readonly #options: Required<ElectionOptions>;
  readonly #stop = new AbortController();
  #on: Parameters<Leadership["start"]>[0] | undefined;
  #running: Promise<void> | undefined;
  #isLeader = false;
  /** By when the next renewal must have succeeded (performance.now()). */
  #renewByMs = 0;
  /** The holder's last sign of life, and when we saw it first. */
  #seen = { sign: "", atMs: 0 };
  #wake = Promise.withResolvers<undefined>();

  constructor(options: ElectionOptions) {
    this.#options = { leaseMs: 15_000, renewDeadlineMs: 10_000, retryMs: 2_000, ...options };
  }

  /** False also for a process that was frozen past its deadline and has not found out by other means yet. */
  get isHeld(): boolean {
    return this.#isLeader && performance.now() < this.#renewByMs;
  }

  start(on: Parameters<Leadership["start"]>[0]): void {
    this.#on = on;
    this.#options.lock.start(() => {
      this.#observe();
    });
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    await this.#release();
    await this.#options.lock.stop();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      this.#wake = Promise.withResolvers();
      const delayMs = await this.#round();
      const pause = new AbortController();
      await Promise.race([
        wait(delayMs, undefined, { signal: AbortSignal.any([signal, pause.signal]) }).catch(() => undefined),
        this.#wake.promise,
      ]);
      pause.abort();
    }
  }

  /** Renews, takes over or waits; returns when to look again, if no change wakes us before. */
  async #round(): Promise<number> {
    const { retryMs, lock, log } = this.#options;
    try {
      if (lock.record === undefined) await lock.read(this.#timeoutMs());
      const leftMs = this.#othersLeftMs();
      if (leftMs === 0) await this.#claim();
      else this.#lose("another replica holds the Lease");
      return leftMs === 0 ? retryMs : leftMs;
    } catch (error) {
      if (error instanceof ConflictError) return this.#lookAgain();
      log.warn({ err: error, isLeader: this.#isLeader }, "the Lease could not be read or written");
      const leftMs = this.#renewByMs - performance.now();
      if (leftMs <= 0) this.#lose("the Lease could not be renewed in time");
      return this.#isLeader ? Math.min(retryMs, leftMs) : retryMs * (1 + Math.random() / 5);
    }
  }

  /** Somebody was faster: the next round decides by what is stored now. */
  async #lookAgain(): Promise<number> {
    const { lock, log, retryMs } = this.#options;
    await lock.read(this.#timeoutMs()).catch((error: unknown) => {
      log.warn({ err: error, isLeader: this.#isLeader }, "the Lease could not be read or written");
    });
    return (retryMs / 10) * Math.random();
  }

  async #claim(): Promise<void> {
    const { lock, identity, leaseMs, renewDeadlineMs, log } = this.#options;
    const before = lock.record;
    const transitions = before === undefined ? 0 : before.transitions + (before.holder === identity ? 0 : 1);
    const beganMs = performance.now();
    await lock.write({ holder: identity, durationMs: leaseMs, transitions }, this.#timeoutMs());
    this.#renewByMs = beganMs + renewDeadlineMs;
    if (this.#isLeader || this.#stop.signal.aborted) return;
    this.#isLeader = true;
    log.info({ identity, before: before?.holder, transitions }, "leading: this replica works");
    this.#on?.gained();
  }

  #lose(why: string): void {
    if (!this.#isLeader) return;
    this.#isLeader = false;
    this.#options.log.warn({ identity: this.#options.identity, why }, "no longer leading: this replica stands by");
    this.#on?.lost();
  }

  /** Only what we hold: a Lease that another has taken meanwhile is not touched. */
  async #release(): Promise<void> {
    const { lock, identity, retryMs, log } = this.#options;
    this.#isLeader = false;
    if (lock.record?.holder !== identity) return;
    try {
      await lock.write({ ...lock.record, holder: "" }, retryMs);
      log.info({ identity }, "the Lease is released");
    } catch (error) {
      log.warn({ err: error }, "the Lease could not be released: it has to expire");
    }
  }

  /** What was released, deleted or taken from us is looked at without delay. */
  #observe(): void {
    const holder = this.#options.lock.record?.holder ?? "";
    const isNews = this.#isLeader ? holder !== this.#options.identity : holder === "";
    this.#othersLeftMs();
    if (isNews) this.#wake.resolve(undefined);
  }

  /** How long the Lease of another lasts, counted from when we saw its last change; 0: it is ours to take. */
  #othersLeftMs(): number {
    const { lock, identity, leaseMs } = this.#options;
    const { holder = "", sign = "" } = lock.record ?? {};
    if (holder === "" || holder === identity) return 0;
    if (this.#seen.sign !== sign) this.#seen = { sign, atMs: performance.now() };
    return Math.max(0, this.#seen.atMs + leaseMs - performance.now());
  }

  #timeoutMs(): number {
    const { renewDeadlineMs } = this.#options;
    return this.#isLeader ? Math.max(1, Math.ceil(this.#renewByMs - performance.now())) : renewDeadlineMs;
  }
}
