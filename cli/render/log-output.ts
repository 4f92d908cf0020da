/** A sink that prints a run's log, formatted or raw. */
import type { LogSink } from "../../client/log/sink.ts";
import { styled, type Terminal } from "../terminal/terminal.ts";
import { streamRows } from "./stream-rows.ts";

/** Options of `logs` and `run --follow`. */
export interface LogOptions {
  /** Print claude's JSON unchanged (on a terminal with escapes), and its stderr to stderr. */
  readonly raw?: boolean;
  /** Do not fold tools and thinking. */
  readonly full?: boolean;
}

/** Maximum width of a folded row in a pipe. */
const maxFoldColumns = 160;

/** Returns a sink that prints to stdout, and waits for a slow reader. */
export function logOutput(terminal: Terminal, { raw = false, full = false }: LogOptions): LogSink {
  const transcript = { read: () => undefined, readStderr: () => undefined };
  if (raw) {
    const onWarning = (message: string): Promise<void> => terminal.writeRaw("stderr", `kubectl claude: ${message}\n`);
    return { onLog: (stream, chunk) => terminal.writeRaw(stream, chunk), onWarning, transcript };
  }
  const folding = { isFull: full, width: Math.min(terminal.columns, maxFoldColumns) };
  return {
    onLog: async (stream, chunk) => {
      for (const line of chunk.replace(/\n$/, "").split("\n")) {
        const rows = stream === "stdout" ? streamRows(line, folding) : [styled("yellow", `stderr: ${line}`)];
        for (const row of rows) terminal.printLine(row);
      }
      await terminal.drained();
    },
    onWarning: (message) => terminal.printLine(styled("yellow", message)),
    transcript,
  };
}
