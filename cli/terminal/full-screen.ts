/** The alternate screen of a terminal. The normal screen is restored however the process ends. */
import type { Line, Terminal } from "./terminal.ts";

const enter = "\u001b[?1049h\u001b[?25l";
const leave = "\u001b[?25h\u001b[?1049l";
const home = "\u001b[H";
const restOfLine = "\u001b[K";
const restOfScreen = "\u001b[J";
const ctrlC = "\u0003";
const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** How the user left the screen. */
export type LeaveReason = "quit" | "interrupt";

export class FullScreen {
  readonly #terminal: Terminal;
  readonly #onLeave: (how: LeaveReason) => void;
  #isOpen = false;

  /** Calls `onLeave` when the user presses q or Ctrl-C, or the process gets a signal. */
  constructor(terminal: Terminal, onLeave: (how: LeaveReason) => void) {
    this.#terminal = terminal;
    this.#onLeave = onLeave;
  }

  open(): void {
    this.#isOpen = true;
    this.#terminal.control(enter);
    // Restores the screen even after an uncaught error.
    process.once("exit", this.#restore);
    for (const signal of signals) process.on(signal, this.#interrupt);
    if (!process.stdin.isTTY) return;
    process.stdin.setRawMode(true);
    process.stdin.on("data", this.#key);
    process.stdin.resume();
  }

  draw(lines: readonly Line[]): void {
    if (!this.#isOpen) return;
    const rows = lines.map((line) => this.#terminal.render(line) + restOfLine);
    this.#terminal.control(home + rows.join("\r\n") + restOfScreen);
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
    this.#terminal.control(leave);
    if (!process.stdin.isTTY) return;
    process.stdin.setRawMode(false);
    process.stdin.pause();
  };
}
