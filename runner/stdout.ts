/**
 * The container's stdout. A blocking write would stop the watchdogs while the log is not read; in a worker thread
 * it would keep the process from exiting. So a pipe, as in a container, is reopened non-blocking. Anything else (a
 * file, a terminal) is written in a worker thread.
 */
import { constants, fstatSync, openSync, write } from "node:fs";
import { Socket } from "node:net";

const stdoutFd = 1;

let pipe: { readonly socket: Socket | undefined } | undefined;

/** Resolves to the number of bytes written; rejects if stdout has no reader any more (EPIPE). */
export function writeStdout(bytes: Buffer): Promise<number> {
  pipe ??= { socket: openPipe() };
  return pipe.socket === undefined ? writeInThread(bytes) : writeToPipe(pipe.socket, bytes);
}

function openPipe(): Socket | undefined {
  try {
    if (!fstatSync(stdoutFd).isFIFO()) return undefined;
    const fd = openSync(`/proc/self/fd/${stdoutFd}`, constants.O_WRONLY | constants.O_NONBLOCK);
    // The failed write reports the error; without a listener the process would end.
    return new Socket({ fd, readable: false, writable: true }).on("error", () => undefined);
  } catch {
    // The pipe belongs to another user.
    return undefined;
  }
}

function writeToPipe(socket: Socket, bytes: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    socket.write(bytes, (error) => (error ? reject(error) : resolve(bytes.length)));
  });
}

function writeInThread(bytes: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    write(stdoutFd, bytes, 0, bytes.length, null, (error, written) =>
      error === null ? resolve(written) : reject(error),
    );
  });
}
