/** A sink that prints a run's log: for people, or raw as claude wrote it. */
import { once } from "node:events";
import type { LogSink } from "../../adapter/log/sink.ts";
import { plain } from "../terminal/cells.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { rowsOf } from "./stream-lines.ts";

/** What `logs` and `run --follow` take. */
export interface LogOptions {
  /** claude's JSON, byte for byte; its stderr to ours. */
  readonly raw?: boolean;
  /** Tools and thinking are not folded. */
  readonly full?: boolean;
}

/** In a pipe nobody scrolls sideways either. */
const widestFold = 160;

/** Prints to stdout; waits for a reader that is slower than the log. */
export function logOutput(terminal: Terminal, { raw = false, full = false }: LogOptions): LogSink {
  const silent = { read: () => undefined, readStderr: () => undefined };
  if (raw) {
    return {
      onLog: (stream, chunk) => write(stream === "stdout" ? process.stdout : process.stderr, chunk),
      transcript: silent,
    };
  }
  const people = (stream: "stdout" | "stderr", chunk: string): Promise<void> => {
    const lines = chunk.replace(/\n$/, "").split("\n");
    const folding = { isFull: full, width: Math.min(terminal.columns, widestFold) };
    const rows =
      stream === "stdout"
        ? lines.flatMap((line) => rowsOf(line, folding))
        : lines.map((line) => ({ style: "yellow" as const, text: `stderr: ${plain(line)}` }));
    return write(process.stdout, rows.map(({ style, text }) => `${terminal.paint(style, text)}\n`).join(""));
  };
  return { onLog: people, transcript: silent };
}

async function write(stream: NodeJS.WriteStream, text: string): Promise<void> {
  if (text !== "" && !stream.write(text)) await once(stream, "drain");
}
