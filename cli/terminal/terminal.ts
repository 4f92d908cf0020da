/** Where a verb prints: its output to stdout, what it has to say beside that to stderr. */
import { styleText } from "node:util";

/** A style of node:util's styleText. */
export type Style = Parameters<typeof styleText>[0];
/** What --color takes. */
export type ColourMode = "auto" | "always" | "never";

/** Prose in a pipe is broken as on a usual screen. */
const pageColumns = 80;

export class Terminal {
  readonly #isColoured: boolean;

  constructor(mode: ColourMode) {
    // https://no-color.org: whatever its value, unless it is empty.
    const isRefused = Boolean(process.env["NO_COLOR"]) || process.env["TERM"] === "dumb";
    this.#isColoured = mode === "always" || (mode === "auto" && this.isScreen && !isRefused);
  }

  /** stdout is a terminal, and not a pipe or a file. */
  get isScreen(): boolean {
    return process.stdout.isTTY;
  }

  /** Columns that a table may take: in a pipe nothing is cut. */
  get columns(): number {
    return this.isScreen ? process.stdout.columns || pageColumns : Infinity;
  }

  /** Columns that prose is broken at. */
  get proseColumns(): number {
    return Math.min(this.columns === Infinity ? pageColumns : this.columns, 110);
  }

  get rows(): number {
    return process.stdout.rows || 24;
  }

  paint(style: Style, text: string): string {
    return this.#isColoured && text !== "" ? styleText(style, text, { validateStream: false }) : text;
  }

  /** A line of output. */
  say(line: string): void {
    process.stdout.write(`${line}\n`);
  }

  /** A line beside the output. */
  note(line: string): void {
    process.stderr.write(`${line}\n`);
  }
}
