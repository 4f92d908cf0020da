/** Decides when claude has to be ended: too long, silent for too long, or done and still there. */
import type { RunReport, RunnerConfig } from "./contract.ts";

export type StopCause = NonNullable<RunReport["stop"]>["cause"];
type Limits = Pick<RunnerConfig, "activeDeadlineSeconds" | "idleTimeoutSeconds" | "resultGracePeriodSeconds">;
interface Due {
  readonly cause: StopCause;
  readonly atMs: number;
}

/** setTimeout takes no more; longer waits are taken in steps. */
const maxTimerMs = 2 ** 31 - 1;

/** One timer for the limit that comes first; `onDue` is called once. */
export class Watchdogs {
  readonly #limits: Limits;
  readonly #onDue: (cause: StopCause) => void;
  readonly #startMs: number;
  readonly #isHeldUp: () => boolean;
  #lastOutputMs: number | undefined;
  #resultMs: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  /**
   * `startMs` on the clock of performance.now(): the deadline counts from the container's start. `isHeldUp`: nothing of
   * claude is read at the moment, because nobody reads the log.
   */
  constructor(limits: Limits, startMs: number, onDue: (cause: StopCause) => void, isHeldUp = () => false) {
    this.#isHeldUp = isHeldUp;
    this.#limits = limits;
    this.#startMs = startMs;
    this.#onDue = onDue;
    this.#arm();
  }

  /** claude wrote something, on stdout or stderr. */
  sawOutput(): void {
    this.#lastOutputMs = performance.now();
  }

  /** An event ended: the grace period runs from a result that leaves nothing running, and any later event ends it. */
  sawEvent(isFinalResult: boolean): void {
    this.#resultMs = isFinalResult ? performance.now() : undefined;
    this.#arm();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #arm(): void {
    clearTimeout(this.#timer);
    if (this.#stopped) return;
    const due = this.#next();
    if (due === undefined) return;
    const waitMs = Math.min(Math.max(0, due.atMs - performance.now()), maxTimerMs);
    this.#timer = setTimeout(() => this.#check(), waitMs);
  }

  #check(): void {
    const due = this.#next();
    if (due === undefined || due.atMs > performance.now()) {
      this.#arm();
      return;
    }
    this.stop();
    this.#onDue(due.cause);
  }

  #next(): Due | undefined {
    const dues = [this.#deadline(), this.#resultMs === undefined ? this.#idle() : this.#grace(this.#resultMs)];
    return dues.filter((due) => due !== undefined).sort((a, b) => a.atMs - b.atMs)[0];
  }

  #deadline(): Due | undefined {
    const seconds = this.#limits.activeDeadlineSeconds;
    return seconds === undefined ? undefined : { cause: "DeadlineExceeded", atMs: this.#startMs + seconds * 1000 };
  }

  #idle(): Due | undefined {
    const seconds = this.#limits.idleTimeoutSeconds;
    if (seconds === undefined) return undefined;
    // It may have more to say than is read: that is no silence.
    if (this.#isHeldUp()) this.sawOutput();
    const cause = this.#lastOutputMs === undefined ? "NoOutput" : "IdleTimeout";
    return { cause, atMs: (this.#lastOutputMs ?? this.#startMs) + seconds * 1000 };
  }

  /** After its result claude owes no more output: only this limit and the deadline count. */
  #grace(resultMs: number): Due {
    return { cause: "ResultGrace", atMs: resultMs + this.#limits.resultGracePeriodSeconds * 1000 };
  }
}
