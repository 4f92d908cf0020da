/**
 * The benchmark's own client: one pool for requests, one connection per watch, credentials read once. It does not share
 * code with the operator, so that a change of the operator does not change the measurement.
 */
import type { RequestOptions } from "node:https";
import { KubeConfig } from "@kubernetes/client-node";
import { Agent, type Dispatcher } from "undici";
import { lines } from "../kube/lines.ts";

type Method = "GET" | "POST" | "PUT" | "DELETE" | "PATCH";
type PatchType = `application/${"merge" | "strategic-merge" | "json"}-patch+json`;

export interface WatchEvent {
  readonly type: string;
  readonly object: unknown;
}

interface Versioned {
  readonly metadata: { readonly resourceVersion: string };
}

interface BenchRequest {
  readonly method: Method;
  readonly path: string;
  readonly body?: unknown;
  /** Default: a merge patch. */
  readonly patchType?: PatchType | undefined;
  readonly signal?: AbortSignal;
}

interface OpenWatch {
  readonly agent: Agent;
  readonly body: AsyncIterable<Buffer>;
}

/** Concurrent requests in a burst. */
export const connections = 32;

export class Client {
  readonly #origin: string;
  readonly #tls: Agent.Options["connect"];
  readonly #pool: Agent;
  readonly #watches = new AbortController();
  /** Number of watches that the API server ended. */
  watchRestarts = 0;

  private constructor(origin: string, tls: Agent.Options["connect"]) {
    this.#origin = origin;
    this.#tls = tls;
    this.#pool = new Agent({ connect: tls ?? {}, connections, keepAliveTimeout: 60_000, allowH2: false });
  }

  /** Opens a client with kubectl's credentials. */
  static async open(): Promise<Client> {
    const config = new KubeConfig();
    config.loadFromDefault();
    const https: RequestOptions = {};
    await config.applyToHTTPSOptions(https);
    const { ca, cert, key } = https as { ca?: Buffer; cert?: Buffer; key?: Buffer };
    const tls = { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
    return new Client(config.getCurrentCluster()?.server ?? "", tls);
  }

  /** Sends a request and returns the JSON response; throws on an error status. */
  async request(method: Method, path: string, body?: unknown, patchType?: PatchType): Promise<unknown> {
    const response = await this.#send(this.#pool, { method, path, body, patchType });
    const text = await response.body.text();
    if (response.statusCode >= 300) throw new Error(`${method} ${path}: ${response.statusCode} ${text.slice(0, 500)}`);
    return JSON.parse(text) as unknown;
  }

  /**
   * Watches a collection from now on; resolves once the watch is open. The API server ends the watch of a slow
   * reader. The watch is then resumed and counted, because its events were late.
   */
  async watch(path: string, onEvent: (event: WatchEvent) => void, onEnd: (why: unknown) => void): Promise<void> {
    const list = (await this.request("GET", path)) as Versioned;
    const first = await this.#openWatch(path, list.metadata.resourceVersion);
    void this.#follow(path, { first, version: list.metadata.resourceVersion, onEvent }).catch((error: unknown) => {
      if (!this.#watches.signal.aborted) onEnd(error);
    });
  }

  /** Reads a stream to its end, line by line. */
  async read(path: string, onLine: (line: string) => void): Promise<void> {
    const agent = new Agent({ connect: this.#tls ?? {}, connections: 1, bodyTimeout: 0, allowH2: false });
    const { statusCode, body } = await this.#send(agent, { method: "GET", path, signal: this.#watches.signal });
    if (statusCode !== 200) throw new Error(`GET ${path}: ${statusCode} ${await body.text()}`);
    for await (const { bytes } of lines(body, Infinity)) onLine(bytes.toString());
    await agent.destroy();
  }

  async close(): Promise<void> {
    this.#watches.abort();
    await this.#pool.destroy();
  }

  async #follow(
    path: string,
    watch: { first: OpenWatch; version: string; onEvent: (event: WatchEvent) => void },
  ): Promise<never> {
    let { first: open, version } = watch;
    for (;;) {
      for await (const { bytes } of lines(open.body, Infinity)) {
        const line = bytes.toString();
        const event = JSON.parse(line) as WatchEvent & { object: Versioned };
        if (event.type === "ERROR") throw new Error(`the watch of ${path} failed: ${line}`);
        version = event.object.metadata.resourceVersion;
        watch.onEvent(event);
      }
      await open.agent.destroy();
      this.watchRestarts += 1;
      open = await this.#openWatch(path, version);
    }
  }

  async #openWatch(path: string, version: string): Promise<OpenWatch> {
    const agent = new Agent({ connect: this.#tls ?? {}, connections: 1, bodyTimeout: 0, allowH2: false });
    const query = `watch=true&timeoutSeconds=3600&resourceVersion=${version}`;
    const { statusCode, body } = await this.#send(agent, {
      method: "GET",
      path: `${path}?${query}`,
      signal: this.#watches.signal,
    });
    if (statusCode !== 200) throw new Error(`watch ${path}: ${statusCode}`);
    return { agent, body };
  }

  #send(agent: Agent, { method, path, body, patchType, signal }: BenchRequest): Promise<Dispatcher.ResponseData> {
    return agent.request({
      origin: this.#origin,
      path,
      method,
      headers: {
        accept: "application/json",
        "user-agent": "claude-run-bench",
        "content-type": method === "PATCH" ? (patchType ?? "application/merge-patch+json") : "application/json",
      },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    });
  }
}

/** Returns the API server's version. */
export async function serverVersion(client: Client): Promise<string> {
  return ((await client.request("GET", "/version")) as { gitVersion: string }).gitVersion;
}
