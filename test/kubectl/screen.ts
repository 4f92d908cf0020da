/** A real terminal of 80 columns: a shell in tmux, typed into, and read as it is shown. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { eventually } from "../eventually.ts";
import { environment } from "./claude.ts";

const run = promisify(execFile);
export const columns = 80;
const rows = 24;
const prompt = "ready> ";

export class Screen {
  readonly #directory = mkdtempSync(join(tmpdir(), "tmux-"));

  /** A shell that waits for input. */
  static async open(variables: Readonly<Record<string, string>> = {}): Promise<Screen> {
    const screen = new Screen();
    const env = { ...environment, ...variables, TERM: "xterm-256color", TMUX: undefined };
    const size = ["-x", String(columns), "-y", String(rows)];
    await run("tmux", [...screen.#socket, "-f", "/dev/null", "new-session", "-d", ...size, "sh"], { env });
    await screen.type(`PS1='${prompt}'; clear`);
    await screen.shows((text) => text === prompt.trim());
    return screen;
  }

  get #socket(): string[] {
    return ["-S", join(this.#directory, "socket")];
  }

  /** Types a line and Enter. */
  async type(line: string): Promise<void> {
    await run("tmux", [...this.#socket, "send-keys", "-l", line]);
    await this.press("Enter");
  }

  /** Presses a key, by tmux's name for it. */
  async press(key: string): Promise<void> {
    await run("tmux", [...this.#socket, "send-keys", key]);
  }

  /** Returns the current content of the pane. */
  async text(): Promise<string> {
    return (await run("tmux", [...this.#socket, "capture-pane", "-p"])).stdout.trimEnd();
  }

  /** The same with the escape sequences of its colours. */
  async painted(): Promise<string> {
    return (await run("tmux", [...this.#socket, "capture-pane", "-p", "-e"])).stdout;
  }

  /** Waits until the screen is as it should be, and returns it. */
  async shows(isRight: (text: string) => boolean): Promise<string> {
    let text = "";
    const look = async (): Promise<boolean> => isRight((text = await this.text()));
    await eventually(() => `the screen shows what it should; it shows\n${text}`, look, 120_000);
    return text;
  }

  async close(): Promise<void> {
    await run("tmux", [...this.#socket, "kill-server"]);
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
