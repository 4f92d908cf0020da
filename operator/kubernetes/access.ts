/**
 * Checks that the operator may still list the objects that it watches. An open watch continues for minutes after the
 * permission was removed. Each collection is listed for one object that does not exist, which the API server answers
 * from its cache.
 */
import { ClusterError, RejectedError } from "../errors.ts";
import type { Log } from "../log.ts";
import type { Transport } from "./transport.ts";

export interface AccessOptions {
  readonly transport: Pick<Transport, "request">;
  /** Paths of the watched collections. */
  readonly paths: readonly string[];
  readonly log: Pick<Log, "info" | "error">;
  /** Time in which every collection is checked once. */
  readonly everyMs?: number;
}

/** Least time between two checks. */
const minDelayMs = 1_000;
const query = { fieldSelector: "metadata.name=clauderun-access-check", resourceVersion: "0", limit: 1 };

export class Access {
  readonly #options: Required<AccessOptions>;
  readonly #rejections = new Map<string, string>();
  #next = 0;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(options: AccessOptions) {
    this.#options = { everyMs: 20_000, ...options };
  }

  start(): void {
    void this.#run();
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  /** The API server's message if the collection may not be listed; undefined if it may, or if this is unknown. */
  rejection(path: string): string | undefined {
    return this.#rejections.get(path);
  }

  async #run(): Promise<void> {
    const { paths, everyMs } = this.#options;
    const path = paths[this.#next % Math.max(1, paths.length)];
    this.#next += 1;
    if (path !== undefined) await this.#check(path);
    if (this.#isStopped) return;
    const delayMs = Math.max(minDelayMs, everyMs / Math.max(1, paths.length));
    this.#timer = setTimeout(() => void this.#run(), delayMs);
  }

  async #check(path: string): Promise<void> {
    try {
      const list = await this.#options.transport.request("GET", path, { query });
      this.#report(path, list === undefined ? "the API server does not serve it: is the CRD installed?" : undefined);
    } catch (error) {
      // The watches report an unreachable API server.
      if (error instanceof ClusterError) return;
      if (error instanceof RejectedError && (error.code === 401 || error.code === 403))
        this.#report(path, error.serverMessage);
    }
  }

  #report(path: string, rejection: string | undefined): void {
    const { log } = this.#options;
    if (rejection !== undefined && !this.#rejections.has(path)) log.error({ path, rejection }, "permission is missing");
    if (rejection === undefined && this.#rejections.has(path)) log.info({ path }, "permission is restored");
    if (rejection === undefined) this.#rejections.delete(path);
    else this.#rejections.set(path, rejection);
  }
}
