/**
 * The container's stdout. A blocking write would stop the watchdogs while nobody reads the log; a blocking write in a
 * worker thread would keep the process from exiting. So a pipe, which is what a container has, is opened once more
 * without blocking; anything else (a file, a terminal) is written to in a worker thread.
 */
import { constants, fstatSync, openSync, write } from "node:fs";
import { Socket } from "node:net";

const stdoutFd = 1;

let pipe: { readonly socket: Socket | undefined } | undefined;

/** Resolves to how much of the bytes was written; rejects if nothing can be written any more (EPIPE). */
export function writeStdout(bytes: Buffer): Promise<number> {
  pipe ??= { socket: openPipe() };
  return pipe.socket === undefined ? writeInThread(bytes) : writeToPipe(pipe.socket, bytes);
}

function openPipe(): Socket | undefined {
  try {
    if (!fstatSync(stdoutFd).isFIFO()) return undefined;
    const fd = openSync(`/proc/self/fd/${stdoutFd}`, constants.O_WRONLY | constants.O_NONBLOCK);
    // The write that fails is told; without a listener the process would end.
    return new Socket({ fd, readable: false, writable: true }).on("error", () => undefined);
  } catch {
    // Somebody else's pipe.
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
