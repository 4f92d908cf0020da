/** A fake Messages API on the loopback interface, for as long as a test file runs. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** The next response of the API; see test/fake-api/fake-api.mjs. */
export type Turn = Readonly<Record<string, unknown>>;

/** A request that the API got. */
export interface ApiRequest {
  readonly method: string;
  readonly session?: string;
  readonly model?: string;
  /** The text blocks of the last user message. */
  readonly prompts?: readonly { readonly bytes: number; readonly sha256: string }[];
}

export class FakeApi {
  readonly url: string;
  readonly requests: ApiRequest[] = [];
  readonly #process: ChildProcess;

  private constructor(child: ChildProcess, port: number) {
    this.#process = child;
    this.url = `http://127.0.0.1:${port}`;
  }

  static async start(): Promise<FakeApi> {
    const program = fileURLToPath(new URL("../fake-api/fake-api.mjs", import.meta.url));
    const child = spawn(process.execPath, [program, "--prompts"], { stdio: ["ignore", "pipe", "pipe"] });
    const [line] = (await once(createInterface(child.stdout), "line")) as [string];
    const api = new FakeApi(child, (JSON.parse(line) as { port: number }).port);
    createInterface(child.stderr).on("line", (request) => api.requests.push(JSON.parse(request) as ApiRequest));
    return api;
  }

  /** The model requests of a session. */
  of(session: string): ApiRequest[] {
    return this.requests.filter((request) => request.method === "POST" && request.session === session);
  }

  async stop(): Promise<void> {
    this.#process.kill();
    await once(this.#process, "close");
  }
}

/** A prompt that carries the script of the replies. */
export function scripted(turns: readonly Turn[]): string {
  return `Do as you are told @fake ${JSON.stringify(turns)}`;
}

/** The turn in which claude runs this command. */
export function bash(command: string, more: Turn = {}): Turn {
  return { tool: "Bash", input: { command, ...more } };
}
