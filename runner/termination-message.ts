/** The container's termination message: overwritten in place, valid JSON at any moment. */
import { closeSync, constants, ftruncateSync, openSync, writeSync } from "node:fs";
import { maxReportBytes } from "./report.ts";

/** Where the kubelet reads it. */
export const defaultTerminationLog = "/dev/termination-log";

/** Holds the file open; without one (not in a container) every write is a no-op. */
export class TerminationMessage {
  readonly #fd: number | undefined;

  constructor(path: string) {
    this.#fd = open(path);
  }

  /**
   * One write of always the same length, padded with spaces: a process that is killed between two system calls leaves
   * neither half a message nor the tail of an older one, and no reader sees the file grow.
   */
  write(message: string): void {
    if (this.#fd === undefined) return;
    const bytes = Buffer.alloc(maxReportBytes, " ");
    bytes.write(message);
    try {
      writeSync(this.#fd, bytes, 0, bytes.length, 0);
    } catch {
      // A full disk: the `end` line on stdout carries the same report.
    }
  }

  /** The last write: cuts off the padding, and what somebody else may have added. */
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
    // The kubelet has made it: where it is missing this is no container, and no place to make one.
    return openSync(path, constants.O_WRONLY);
  } catch {
    // Not there, or not writable for this user: the `end` line on stdout carries the same report.
    return undefined;
  }
}
