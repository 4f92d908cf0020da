/** Keeps the last lines of stderr to find the one that explains claude's end. */

const keptLines = 20;
const keptCharacters = 2000;
/** Lines that follow the important one: stack traces, version footers, suggestions. */
const noise = /^\s+at |^Node\.js v|^\(Did you mean/u;

/** Collects lines and finds the last meaningful one. */
export class StderrTail {
  #lines: string[] = [];

  add(line: string): void {
    if (line.trim() === "") return;
    this.#lines.push(line.slice(0, keptCharacters));
    if (this.#lines.length > keptLines) this.#lines.shift();
  }

  /** The last non-blank lines, newest last. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  /** Undefined if stderr was empty. */
  get lastMeaningful(): string | undefined {
    return (this.#lines.findLast((line) => !noise.test(line)) ?? this.#lines.at(-1))?.trim();
  }
}
