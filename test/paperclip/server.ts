/** The real Paperclip server in a process of its own, spoken to through its REST API. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "../eventually.ts";
import { installedPackages } from "./packages.ts";

export interface ServerOptions {
  /** Its home, log and scratch go below. */
  readonly directory: string;
  readonly databaseUrl: string;
  readonly port: number;
  /** Where pods reach it. */
  readonly podUrl: string;
}

/** The server rejected a request. */
export class RejectedError extends Error {
  override readonly name = "RejectedError";
  readonly status: number;

  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}

export class PaperclipServer {
  readonly #options: ServerOptions;
  #process: ChildProcess | undefined;

  constructor(options: ServerOptions) {
    this.#options = options;
  }

  /** The web page and the API. */
  get url(): string {
    return `http://127.0.0.1:${this.#options.port}`;
  }

  /** Starts it, or starts it again; resolves when it is ready. */
  async start(): Promise<void> {
    const { directory, databaseUrl, port, podUrl } = this.#options;
    for (const name of ["home", "tmp"]) mkdirSync(join(directory, name), { recursive: true });
    const log = openSync(join(directory, "server.log"), "a");
    const entry = join(installedPackages(), "node_modules/@paperclipai/server/dist/index.js");
    this.#process = spawn(process.execPath, [entry], {
      cwd: directory,
      stdio: ["ignore", log, log],
      env: {
        PATH: process.env["PATH"],
        HOME: join(directory, "home"),
        TMPDIR: join(directory, "tmp"),
        PAPERCLIP_HOME: join(directory, "home/paperclip"),
        CLAUDERUN_KUBECONFIG_DIR: directory,
        HOST: "127.0.0.1",
        PORT: String(port),
        DATABASE_URL: databaseUrl,
        PAPERCLIP_API_URL: podUrl,
        PAPERCLIP_ALLOWED_HOSTNAMES: new URL(podUrl).hostname,
        PAPERCLIP_AGENT_JWT_SECRET: "a secret of the tests",
        PAPERCLIP_MIGRATION_AUTO_APPLY: "true",
        PAPERCLIP_OPEN_ON_LISTEN: "false",
        PAPERCLIP_DB_BACKUP_ENABLED: "false",
        PAPERCLIP_ANNOUNCEMENTS_ENABLED: "false",
        PAPERCLIP_TELEMETRY_DISABLED: "1",
        DO_NOT_TRACK: "1",
        HEARTBEAT_SCHEDULER_INTERVAL_MS: "10000",
      },
    });
    closeSync(log);
    await eventually(
      "the Paperclip server is ready",
      async () => {
        if (this.#process?.exitCode !== null)
          throw new Error(`the Paperclip server has ended: ${this.log.slice(-2_000)}`);
        const health = await this.get<{ status?: string }>("/api/health").catch(() => undefined);
        return health?.status === "ok";
      },
      120_000,
    );
  }

  /** Returns the server's log. */
  get log(): string {
    return readFileSync(join(this.#options.directory, "server.log"), "utf8");
  }

  /** Ends the process with this signal, and resolves once it has ended. */
  async stop(signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<void> {
    const process = this.#process;
    this.#process = undefined;
    if (process === undefined || process.exitCode !== null || process.signalCode !== null) return;
    const ended = once(process, "exit");
    process.kill(signal);
    await ended;
  }

  async get<T>(path: string): Promise<T> {
    return (await this.#ask("GET", path)) as T;
  }

  async post<T>(path: string, body: object = {}): Promise<T> {
    return (await this.#ask("POST", path, body)) as T;
  }

  async patch<T>(path: string, body: object): Promise<T> {
    return (await this.#ask("PATCH", path, body)) as T;
  }

  async #ask(method: string, path: string, body?: object): Promise<unknown> {
    const answer = await fetch(this.url + path, {
      method,
      headers: { "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(90_000),
    });
    const text = await answer.text();
    if (!answer.ok) throw new RejectedError(`${method} ${path}: ${answer.status} ${text.slice(0, 500)}`, answer.status);
    return /json/.test(answer.headers.get("content-type") ?? "") ? JSON.parse(text) : text;
  }
}
