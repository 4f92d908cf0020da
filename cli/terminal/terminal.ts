/**
 * The only writer to stdout and stderr. It removes hidden characters and then adds styles, so that no text of an agent,
 * a registry or a user can control the terminal.
 */
import { once } from "node:events";
import { styleText } from "node:util";
import { visible, visibleLine, withEscapes } from "./hidden.ts";

/** A style of node:util's styleText. */
export type Style = Parameters<typeof styleText>[0];
/** The values of --color. */
export type ColourMode = "auto" | "always" | "never";
/** Text, with a style if it has one. */
export type Piece = string | { readonly text: string; readonly style: Style };
/** A line, of one piece or several. */
export type Line = Piece | readonly Piece[];
type StreamName = "stdout" | "stderr";

/** Width of prose in a pipe. */
const pageColumns = 80;

/** Returns the text with a style. */
export function styled(style: Style, text: string): Piece {
  return { style, text };
}

/** Calls back when the reader closes the pipe. */
export function onBrokenPipe(leave: () => void): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
      leave();
    });
  }
}

/** The output streams, of the process or of a test. */
export interface Streams {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
}

export class Terminal {
  readonly #isColoured: boolean;
  readonly #streams: Streams;

  constructor(mode: ColourMode, streams: Streams) {
    this.#streams = streams;
    // https://no-color.org: any value counts, except an empty one.
    const isRefused = Boolean(process.env["NO_COLOR"]) || process.env["TERM"] === "dumb";
    this.#isColoured = mode === "always" || (mode === "auto" && this.isScreen && !isRefused);
  }

  /** True if stdout is a terminal, not a pipe or a file. */
  get isScreen(): boolean {
    return this.#streams.stdout.isTTY;
  }

  /** True if stderr is a terminal. */
  get isErrorScreen(): boolean {
    return this.#streams.stderr.isTTY;
  }

  /** Width for tables in columns; Infinity in a pipe. */
  get columns(): number {
    return this.isScreen ? this.#streams.stdout.columns || pageColumns : Infinity;
  }

  /** Width for prose in columns. */
  get proseColumns(): number {
    return Math.min(this.columns === Infinity ? pageColumns : this.columns, 110);
  }

  get rows(): number {
    return this.#streams.stdout.rows || 24;
  }

  /** Calls back when the terminal is resized. Returns a function that unsubscribes. */
  onResize(changed: () => void): () => void {
    this.#streams.stdout.on("resize", changed);
    return () => this.#streams.stdout.removeListener("resize", changed);
  }

  /** Writes a line to stdout. */
  printLine(line: Line): void {
    this.#streams.stdout.write(`${this.render(line)}\n`);
  }

  /** Writes a line to stderr. */
  note(line: Line): void {
    this.#streams.stderr.write(`${this.render(line)}\n`);
  }

  /** Writes text of several lines to stdout, without a style. */
  print(text: string): void {
    this.#streams.stdout.write(`${visible(text)}\n`);
  }

  /** Writes text of several lines to stderr. */
  noteText(text: string): void {
    this.#streams.stderr.write(`${visible(text)}\n`);
  }

  /** Writes a completion candidate, with its description after a tab. */
  printCandidate(word: string, meaning: string | undefined): void {
    const parts = [word, ...(meaning === undefined ? [] : [meaning])];
    this.#streams.stdout.write(`${parts.map(visibleLine).join("\t")}\n`);
  }

  /** Resolves when stdout accepts more output. */
  async drained(): Promise<void> {
    if (this.#streams.stdout.writableNeedDrain) await once(this.#streams.stdout, "drain");
  }

  /**
   * Writes claude's own bytes, unchanged to a pipe or a file. On a terminal, hidden characters are written as \uXXXX,
   * which is the same JSON.
   */
  async writeRaw(name: StreamName, chunk: string): Promise<void> {
    const stream = this.#streams[name];
    const text = stream.isTTY ? withEscapes(chunk) : chunk;
    if (text !== "" && !stream.write(text)) await once(stream, "drain");
  }

  /** Returns the line without hidden characters and with styles. */
  render(line: Line): string {
    if (typeof line === "string") return visibleLine(line);
    if (isPieces(line)) return line.map((piece) => this.render(piece)).join("");
    const text = visibleLine(line.text);
    return this.#isColoured && text !== "" ? styleText(line.style, text, { validateStream: false }) : text;
  }

  /** Writes a control sequence of the program itself. */
  control(sequence: string): void {
    this.#streams.stdout.write(sequence);
  }
}

function isPieces(line: Line): line is readonly Piece[] {
  return Array.isArray(line);
}
