/** Headless Chromium over its DevTools protocol: opens a page, waits for text on it and takes a screenshot. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "../eventually.ts";

/** Where Debian and others put it. */
const places = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** Its path, or undefined if there is none: `apt-get install chromium` brings one. */
export function chromium(): string | undefined {
  return places.find((path) => existsSync(path));
}

interface Answer {
  readonly id?: number;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
}

export class Browser {
  readonly #process: ChildProcess;
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #asked = 0;

  private constructor(process: ChildProcess, socket: WebSocket) {
    this.#process = process;
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => {
      const answer = JSON.parse(String(data)) as Answer;
      if (answer.id !== undefined) this.#waiting.get(answer.id)?.(answer);
    });
  }

  /** Opens a page; the profile goes below the directory. */
  static async open(program: string, directory: string, url: string): Promise<Browser> {
    const profile = join(directory, "chromium");
    mkdirSync(profile);
    const flags = [
      "--headless=new",
      "--no-sandbox",
      "--disable-gpu",
      "--remote-debugging-port=0",
      "--window-size=1280,1400",
    ];
    const process = spawn(program, [...flags, `--user-data-dir=${profile}`, url], { stdio: "ignore" });
    const file = join(profile, "DevToolsActivePort");
    const port = await eventually(
      "Chromium is ready",
      () => existsSync(file) && readFileSync(file, "utf8").split("\n")[0],
      60_000,
    );
    const page = await eventually("Chromium has a page", async () => {
      const pages = (await (await fetch(`http://127.0.0.1:${port}/json/list`)).json()) as {
        type: string;
        webSocketDebuggerUrl: string;
      }[];
      return pages.find(({ type }) => type === "page");
    });
    const socket = new WebSocket(page.webSocketDebuggerUrl);
    await once(socket, "open");
    return new Browser(process, socket);
  }

  async go(url: string): Promise<void> {
    await this.#ask("Page.navigate", { url });
  }

  /** Everything that can be read on the page. */
  async text(): Promise<string> {
    return String(await this.evaluate("document.body.innerText"));
  }

  async evaluate(expression: string): Promise<unknown> {
    const { result } = await this.#ask("Runtime.evaluate", { expression, returnByValue: true, awaitPromise: true });
    return (result as { value?: unknown }).value;
  }

  /** Writes what is to be seen into a PNG file. */
  async picture(file: string): Promise<void> {
    const { data } = await this.#ask("Page.captureScreenshot", { format: "png" });
    writeFileSync(file, Buffer.from(data as string, "base64"));
  }

  async close(): Promise<void> {
    this.#socket.close();
    const ended = once(this.#process, "exit");
    this.#process.kill();
    await ended;
  }

  async #ask(method: string, params: object): Promise<Record<string, unknown>> {
    const id = ++this.#asked;
    const { promise, resolve } = Promise.withResolvers<Answer>();
    this.#waiting.set(id, resolve);
    this.#socket.send(JSON.stringify({ id, method, params }));
    const { result, error } = await promise;
    this.#waiting.delete(id);
    if (error !== undefined) throw new Error(`${method}: ${error.message}`);
    return result ?? {};
  }
}
