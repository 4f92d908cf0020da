/** Reports progress while claude runs: the termination message after turns, checkpoints on stdout. */
import type { RunnerLine } from "./contract.ts";
import type { Output } from "./output.ts";

const minimumIntervalMs = 1000;
const checkpointBytes = 64 * 1024;
const checkpointIntervalMs = 5000;

/** Fields of a checkpoint in addition to its log digest. */
type CheckpointFacts = Pick<Extract<RunnerLine, { subtype: "checkpoint" }>, "progress" | "session">;

/** Rate limited: a message at most once a second, a checkpoint every 64 KiB or 5 s of new output. */
export class Progress {
  readonly #output: Output;
  readonly #describe: () => CheckpointFacts;
  readonly #writeMessage: () => void;
  readonly #interval: NodeJS.Timeout;
  #messageTimer: NodeJS.Timeout | undefined;
  #messageMs = -Infinity;
  #checkpointEnd = 0;

  constructor(output: Output, describe: () => CheckpointFacts, writeMessage: () => void) {
    this.#output = output;
    this.#describe = describe;
    this.#writeMessage = writeMessage;
    this.#interval = setInterval(() => this.#checkpointIfMoreThan(0), checkpointIntervalMs);
  }

  /** Call after a turn. Writes the message now, or one second after the last one. */
  turnEnded(): void {
    if (this.#messageTimer !== undefined) return;
    const waitMs = this.#messageMs + minimumIntervalMs - performance.now();
    if (waitMs <= 0) this.#message();
    else this.#messageTimer = setTimeout(() => this.#message(), waitMs);
  }

  /** Call after output was added to the log. */
  outputWritten(): void {
    this.#checkpointIfMoreThan(checkpointBytes - 1);
  }

  stop(): void {
    clearInterval(this.#interval);
    clearTimeout(this.#messageTimer);
  }

  #message(): void {
    this.#messageTimer = undefined;
    this.#messageMs = performance.now();
    this.#writeMessage();
  }

  #checkpointIfMoreThan(bytes: number): void {
    if (this.#output.bytes - this.#checkpointEnd <= bytes) return;
    const time = new Date().toISOString();
    this.#output.checkpoint((log) => ({ subtype: "checkpoint", time, log, ...this.#describe() }));
    this.#checkpointEnd = this.#output.bytes;
  }
}
