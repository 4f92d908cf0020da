/** Remembers the last lines of stderr, to find the one that says why claude ended. */

const keptLines = 20;
const keptCharacters = 2000;
/** What tools print after the line that matters: stack traces, version footers, suggestions. */
const noise = /^\s+at |^Node\.js v|^\(Did you mean/u;

/** Lines in, the last meaningful one out. */
export class StderrTail {
  #lines: string[] = [];

  add(line: string): void {
    if (line.trim() === "") return;
    this.#lines.push(line.slice(0, keptCharacters));
    if (this.#lines.length > keptLines) this.#lines.shift();
  }

  /** Undefined if stderr was empty. */
  get lastMeaningful(): string | undefined {
    return (this.#lines.findLast((line) => !noise.test(line)) ?? this.#lines.at(-1))?.trim();
  }
}
