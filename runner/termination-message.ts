/** The container's termination message: overwritten in place, valid JSON at any moment. */
import { closeSync, constants, ftruncateSync, openSync, writeSync } from "node:fs";
import { maxReportBytes } from "./report.ts";

/** Path that the kubelet reads. */
export const defaultTerminationLog = "/dev/termination-log";

/** Keeps the file open; without a file (outside of a container) every write is a no-op. */
export class TerminationMessage {
  readonly #fd: number | undefined;

  constructor(path: string) {
    this.#fd = open(path);
  }

  /**
   * Writes a fixed length, padded with spaces, in one call. So a process that is killed between two system calls leaves
   * neither half a message nor the tail of an older one, and no reader sees the file grow.
   */
  write(message: string): void {
    if (this.#fd === undefined) return;
    const bytes = Buffer.alloc(maxReportBytes, " ");
    bytes.write(message);
    try {
      writeSync(this.#fd, bytes, 0, bytes.length, 0);
    } catch {
      // A full disk: the `end` line on stdout has the same report.
    }
  }

  /** Writes the last message and truncates the file, which removes the padding and text of other processes. */
  finish(message: string): void {
    if (this.#fd === undefined) return;
    this.write(message);
    try {
      ftruncateSync(this.#fd, Buffer.byteLength(message));
      closeSync(this.#fd);
    } catch {
      // The padded message is kept.
    }
  }
}

function open(path: string): number | undefined {
  try {
    // The kubelet creates the file; without it this is no container.
    return openSync(path, constants.O_WRONLY);
  } catch {
    // Missing, or not writable for this user: the `end` line on stdout has the same report.
    return undefined;
  }
}
