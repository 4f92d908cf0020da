/** The container's termination message: overwritten in place, valid JSON at any moment. */
import { closeSync, constants, ftruncateSync, openSync, writeSync } from "node:fs";

/** Where the kubelet reads it. */
export const defaultTerminationLog = "/dev/termination-log";

/** Holds the file open; without one (not in a container) every write is a no-op. */
export class TerminationMessage {
  readonly #fd: number | undefined;
  #longest = 0;

  constructor(path: string) {
    this.#fd = open(path);
  }

  /**
   * One write from the file's beginning, padded with spaces to the longest message so far: a process that is killed
   * between two system calls must not leave half a message, nor the tail of an older one.
   */
  write(message: string): void {
    if (this.#fd === undefined) return;
    const bytes = Buffer.from(message);
    this.#longest = Math.max(this.#longest, bytes.length);
    try {
      writeSync(this.#fd, Buffer.concat([bytes, Buffer.alloc(this.#longest - bytes.length, " ")]), 0, this.#longest, 0);
    } catch {
      // A full disk: the `end` line on stdout carries the same report.
    }
  }

  /** The last write: also cuts off what somebody else may have added. */
  finish(message: string): void {
    if (this.#fd === undefined) return;
    this.write(message);
    try {
      ftruncateSync(this.#fd, Buffer.byteLength(message));
      closeSync(this.#fd);
    } catch {
      // The message stands, padded.
    }
  }
}

function open(path: string): number | undefined {
  try {
    return openSync(path, constants.O_WRONLY | constants.O_CREAT, 0o644);
  } catch {
    // Not writable for this user: the `end` line on stdout carries the same report.
    return undefined;
  }
}
