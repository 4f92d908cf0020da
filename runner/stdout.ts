/**
 * The container's stdout. A blocking write would stop the watchdogs while nobody reads the log; a blocking write in a
 * worker thread would keep the process from exiting. So a pipe, which is what a container has, is opened once more
 * without blocking; anything else (a file, a terminal) is written to in a worker thread.
 */
import { constants, fstatSync, openSync, write, writeSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { codeOf } from "./failure.ts";

const stdoutFd = 1;
const firstRetryMs = 1;
const lastRetryMs = 32;

let pipe: { readonly fd: number | undefined } | undefined;

/** Writes what the system takes and resolves to how much that was; rejects if it takes nothing any more (EPIPE). */
export async function writeStdout(bytes: Buffer): Promise<number> {
  pipe ??= { fd: openPipe() };
  for (let retryMs = firstRetryMs; ; retryMs = Math.min(2 * retryMs, lastRetryMs)) {
    try {
      return pipe.fd === undefined ? await writeInThread(bytes) : writeSync(pipe.fd, bytes);
    } catch (error) {
      // The pipe is full.
      if (codeOf(error) !== "EAGAIN") throw error;
      await delay(retryMs);
    }
  }
}

function openPipe(): number | undefined {
  try {
    if (!fstatSync(stdoutFd).isFIFO()) return undefined;
    return openSync(`/proc/self/fd/${stdoutFd}`, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch {
    // Somebody else's pipe.
    return undefined;
  }
}

function writeInThread(bytes: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    write(stdoutFd, bytes, 0, bytes.length, null, (error, written) =>
      error === null ? resolve(written) : reject(error),
    );
  });
}
