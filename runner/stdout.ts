/** The container's stdout as a file descriptor: asynchronous whatever it is, so that a log nobody reads blocks nothing. */
import { write } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { codeOf } from "./failure.ts";

const stdoutFd = 1;
const retryMs = 5;

/** Writes what the system takes and resolves to how much that was; rejects if it takes nothing any more (EPIPE). */
export async function writeStdout(bytes: Buffer): Promise<number> {
  for (;;) {
    try {
      return await writeOnce(bytes);
    } catch (error) {
      // A descriptor that somebody made non-blocking, and it is full.
      if (codeOf(error) !== "EAGAIN") throw error;
      await delay(retryMs);
    }
  }
}

function writeOnce(bytes: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    write(stdoutFd, bytes, 0, bytes.length, null, (error, written) =>
      error === null ? resolve(written) : reject(error),
    );
  });
}
