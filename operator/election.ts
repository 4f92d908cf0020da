/**
 * Elects the replica that acts, the leader: it holds a Lease. The slot is safe with any number of acting replicas, so
 * the election only avoids double work. As in client-go, a Lease expires when this replica has seen no change of it for
 * its duration, by a monotonic clock. Times in the Lease are never compared, because their writer's clock can be wrong.
 */
import { setTimeout as wait } from "node:timers/promises";
import { ConflictError } from "./errors.ts";
import type { Log } from "./log.ts";

/** The state of the Lease. */
export interface LeaseRecord {
  /** Empty: released. */
  readonly holder: string;
  readonly durationMs: number;
  /** Number of changes of the holder. */
  readonly transitions: number;
  /** Changes with each renewal; only compared for equality. */
  readonly sign: string;
}

/** A watched Lease with compare-and-swap writes; operator/kubernetes/lease.ts implements it. */
export interface Lock {
  /** The newest known state; undefined: there is no Lease, or none is known. */
  readonly record: LeaseRecord | undefined;
  /** Starts the watch; calls `onChange` for every change, including this replica's writes. */
  start(onChange: () => void): void;
  stop(): Promise<void>;
  /** Reads the stored Lease. */
  read(timeoutMs: number): Promise<void>;
  /** Replaces the known state, or creates the Lease. Throws ConflictError if another state is stored. */
  write(record: Omit<LeaseRecord, "sign">, timeoutMs: number): Promise<void>;
}

/** Whether this replica may act. */
export interface Leadership {
  readonly isHeld: boolean;
  /** Starts to contend for the Lease; calls `gained` and `lost` alternately. */
  start(on: { readonly gained: () => void; readonly lost: () => void }): void;
  /** Releases the Lease, so that another replica takes over at once. */
  stop(): Promise<void>;
}

/** Leadership without an election. */
export const alwaysHeld: Leadership = {
  isHeld: true,
  start: ({ gained }) => gained(),
  stop: () => Promise.resolve(),
};

export interface ElectionOptions {
  readonly lock: Lock;
  /** Unique for each pod: after a restart of its container the replica regains its Lease at once. */
  readonly identity: string;
  readonly log: Log;
  /** Other replicas wait this long after the last renewal that they saw. */
  readonly leaseMs?: number;
  /** A leader that could not renew for this long stops acting, well before others take over. */
  readonly renewDeadlineMs?: number;
  readonly retryMs?: number;
}

export class Election implements Leadership {
  readonly #options: Required<ElectionOptions>;
  readonly #stop = new AbortController();
  #on: Parameters<Leadership["start"]>[0] | undefined;
  #running: Promise<void> | undefined;
  #isLeader = false;
  /** Deadline of the next renewal, by performance.now(). */
  #renewByMs = 0;
  /** The holder's last renewal, and when this replica saw it first. */
  #seen = { sign: "", atMs: 0 };
  #wake = Promise.withResolvers<undefined>();

  constructor(options: ElectionOptions) {
    this.#options = { leaseMs: 15_000, renewDeadlineMs: 10_000, retryMs: 2_000, ...options };
  }

  /** False too for a process that was frozen until after its deadline and has not noticed it yet. */
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

  /** Renews, takes over or waits. Returns the delay until the next round, unless a change comes first. */
  async #round(): Promise<number> {
    const { retryMs, lock, log } = this.#options;
    try {
      if (lock.record === undefined) await lock.read(this.#timeoutMs());
      const leftMs = this.#othersLeftMs();
      if (leftMs === 0) await this.#claim();
      else this.#lose("another replica holds the Lease");
      return leftMs === 0 ? retryMs : leftMs;
    } catch (error) {
      if (error instanceof ConflictError) return this.#readAfterConflict();
      log.warn({ err: error, isLeader: this.#isLeader }, "the Lease could not be read or written");
      const leftMs = this.#renewByMs - performance.now();
      if (leftMs <= 0) this.#lose("the Lease could not be renewed in time");
      return this.#isLeader ? Math.min(retryMs, leftMs) : retryMs * (1 + Math.random() / 5);
    }
  }

  /** Another replica wrote first: the next round decides with the stored Lease. */
  async #readAfterConflict(): Promise<number> {
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

  /** Releases the Lease unless another replica holds it now. */
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

  /** Starts a round at once if the Lease was released, deleted or taken over. */
  #observe(): void {
    const holder = this.#options.lock.record?.holder ?? "";
    const isUrgent = this.#isLeader ? holder !== this.#options.identity : holder === "";
    this.#othersLeftMs();
    if (isUrgent) this.#wake.resolve(undefined);
  }

  /** Milliseconds until another replica's Lease expires, from the last change that was seen; 0: it can be taken. */
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
