/** Decides when to stop claude: running too long, silent too long, or still running after its result. */
import type { RunReport, RunnerConfig } from "./contract.ts";

export type StopCause = NonNullable<RunReport["stop"]>["cause"];
/** Grace period after an answer: without or with background tasks. */
export type Grace = Extract<StopCause, "ResultGrace" | "BackgroundGrace">;
type Limits = Pick<
  RunnerConfig,
  "activeDeadlineSeconds" | "idleTimeoutSeconds" | "resultGracePeriodSeconds" | "backgroundGracePeriodSeconds"
>;
interface Due {
  readonly cause: StopCause;
  readonly atMs: number;
}

/** Maximum of setTimeout; longer waits are split. */
const maxTimerMs = 2 ** 31 - 1;

/** One timer for the earliest limit; calls `onDue` once. */
export class Watchdogs {
  readonly #limits: Limits;
  readonly #onDue: (cause: StopCause) => void;
  readonly #startMs: number;
  readonly #isOutputBlocked: () => boolean;
  #lastOutputMs: number | undefined;
  #grace: Due | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  /**
   * `startMs` is on the clock of performance.now(); the deadline counts from the container's start.
   * `isOutputBlocked` is true while claude's output is not read because the log has no reader.
   */
  constructor(limits: Limits, startMs: number, onDue: (cause: StopCause) => void, isOutputBlocked = () => false) {
    this.#isOutputBlocked = isOutputBlocked;
    this.#limits = limits;
    this.#startMs = startMs;
    this.#onDue = onDue;
    this.#arm();
  }

  /** Call when claude wrote to stdout or stderr. */
  recordOutput(): void {
    this.#lastOutputMs = performance.now();
  }

  /** Call for each event; a grace period that it begins runs until the next event. */
  recordEvent(grace: Grace | undefined): void {
    this.#grace = grace && { cause: grace, atMs: performance.now() + this.#graceSeconds(grace) * 1000 };
    this.#arm();
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  #arm(): void {
    clearTimeout(this.#timer);
    if (this.#isStopped) return;
    const due = this.#nextDue();
    if (due === undefined) return;
    const waitMs = Math.min(Math.max(0, due.atMs - performance.now()), maxTimerMs);
    this.#timer = setTimeout(() => this.#check(), waitMs);
  }

  #check(): void {
    const due = this.#nextDue();
    if (due === undefined || due.atMs > performance.now()) {
      this.#arm();
      return;
    }
    this.stop();
    this.#onDue(due.cause);
  }

  #nextDue(): Due | undefined {
    // After its result claude need not write more, unless it waits for background tasks.
    const idle = this.#grace?.cause === "ResultGrace" ? undefined : this.#idle();
    const dues = [this.#deadline(), this.#grace, idle];
    return dues.filter((due) => due !== undefined).sort((a, b) => a.atMs - b.atMs)[0];
  }

  #deadline(): Due | undefined {
    const seconds = this.#limits.activeDeadlineSeconds;
    return seconds === undefined ? undefined : { cause: "DeadlineExceeded", atMs: this.#startMs + seconds * 1000 };
  }

  #idle(): Due | undefined {
    const seconds = this.#limits.idleTimeoutSeconds;
    if (seconds === undefined) return undefined;
    // Blocked output is no silence.
    if (this.#isOutputBlocked()) this.recordOutput();
    const cause = this.#lastOutputMs === undefined ? "NoOutput" : "IdleTimeout";
    return { cause, atMs: (this.#lastOutputMs ?? this.#startMs) + seconds * 1000 };
  }

  #graceSeconds(grace: Grace): number {
    const { resultGracePeriodSeconds: result, backgroundGracePeriodSeconds: background } = this.#limits;
    return grace === "ResultGrace" ? result : (background ?? result);
  }
}
