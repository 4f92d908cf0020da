/** The alternate screen: drawn in place, and put back however the process ends. */

const enter = "\u001b[?1049h\u001b[?25l";
const leave = "\u001b[?25h\u001b[?1049l";
const home = "\u001b[H";
const restOfLine = "\u001b[K";
const restOfScreen = "\u001b[J";
const ctrlC = "\u0003";
const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** How a person ended it. */
export type Leaving = "quit" | "interrupt";

export class FullScreen {
  readonly #onLeave: (how: Leaving) => void;
  #isOpen = false;

  /** `onLeave` is called when somebody presses q or Ctrl-C, or the process is told to end. */
  constructor(onLeave: (how: Leaving) => void) {
    this.#onLeave = onLeave;
  }

  open(): void {
    this.#isOpen = true;
    process.stdout.write(enter);
    // Whatever throws: the last thing that happens.
    process.once("exit", this.#restore);
    for (const signal of signals) process.on(signal, this.#interrupt);
    if (!process.stdin.isTTY) return;
    process.stdin.setRawMode(true);
    process.stdin.on("data", this.#key);
    process.stdin.resume();
  }

  draw(lines: readonly string[]): void {
    if (this.#isOpen) process.stdout.write(home + lines.map((line) => line + restOfLine).join("\r\n") + restOfScreen);
  }

  close(): void {
    process.removeListener("exit", this.#restore);
    for (const signal of signals) process.removeListener(signal, this.#interrupt);
    process.stdin.removeListener("data", this.#key);
    this.#restore();
  }

  readonly #interrupt = (): void => this.#onLeave("interrupt");

  readonly #key = (typed: Buffer): void => {
    const keys = typed.toString();
    if (keys.includes(ctrlC)) this.#onLeave("interrupt");
    else if (/[qQ]/.test(keys)) this.#onLeave("quit");
  };

  readonly #restore = (): void => {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    process.stdout.write(leave);
    if (!process.stdin.isTTY) return;
    process.stdin.setRawMode(false);
    process.stdin.pause();
  };
}
