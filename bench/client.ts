/**
 * The benchmark's own client: one pool for requests, one connection per watch, credentials read once. Not the
 * operator's, so that what is measured and what measures do not change together.
 */
import { readFileSync } from "node:fs";
import type { RequestOptions } from "node:https";
import { KubeConfig } from "@kubernetes/client-node";
import { Agent, type Dispatcher } from "undici";
import { lines } from "../operator/kubernetes/lines.ts";

type Method = "GET" | "POST" | "DELETE" | "PATCH";

export interface WatchEvent {
  readonly type: string;
  readonly object: unknown;
}

/** So many requests are on their way at once in a burst. */
export const connections = 32;

export class Client {
  readonly #origin: string;
  readonly #tls: Agent.Options["connect"];
  readonly #pool: Agent;
  readonly #watches = new AbortController();

  private constructor(origin: string, tls: Agent.Options["connect"]) {
    this.#origin = origin;
    this.#tls = tls;
    this.#pool = new Agent({ connect: tls ?? {}, connections, keepAliveTimeout: 60_000, allowH2: false });
  }

  /** Credentials as kubectl finds them. */
  static async open(): Promise<Client> {
    const config = new KubeConfig();
    config.loadFromDefault();
    const https: RequestOptions = {};
    await config.applyToHTTPSOptions(https);
    const { ca, cert, key } = https as { ca?: Buffer; cert?: Buffer; key?: Buffer };
    const tls = { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
    return new Client(config.getCurrentCluster()?.server ?? "", tls);
  }

  /** One request; throws for whatever is not a success. */
  async request(method: Method, path: string, body?: unknown): Promise<unknown> {
    const response = await this.#send(this.#pool, method, path, body);
    const text = await response.body.text();
    if (response.statusCode >= 300) throw new Error(`${method} ${path}: ${response.statusCode} ${text.slice(0, 500)}`);
    return JSON.parse(text) as unknown;
  }

  /** Follows a collection from now on; resolves once the API server has taken the watch. Whatever ends it later is told. */
  async watch(path: string, onEvent: (event: WatchEvent) => void, onEnd: (why: unknown) => void): Promise<void> {
    const list = (await this.request("GET", path)) as { metadata: { resourceVersion: string } };
    const agent = new Agent({ connect: this.#tls ?? {}, connections: 1, bodyTimeout: 0, allowH2: false });
    const query = `watch=true&timeoutSeconds=3600&resourceVersion=${list.metadata.resourceVersion}`;
    const { statusCode, body } = await this.#send(agent, "GET", `${path}?${query}`, undefined, this.#watches.signal);
    if (statusCode !== 200) throw new Error(`watch ${path}: ${statusCode}`);
    void this.#follow(body, onEvent)
      .then(() => new Error(`the API server ended the watch of ${path}`))
      .catch((error: unknown) => error)
      .then((why) => {
        if (!this.#watches.signal.aborted) onEnd(why);
      })
      .finally(() => agent.destroy());
  }

  async close(): Promise<void> {
    this.#watches.abort();
    await this.#pool.destroy();
  }

  async #follow(body: AsyncIterable<Uint8Array>, onEvent: (event: WatchEvent) => void): Promise<void> {
    for await (const line of lines(body)) onEvent(JSON.parse(line) as WatchEvent);
  }

  #send(
    agent: Agent,
    method: Method,
    path: string,
    body: unknown,
    signal?: AbortSignal,
  ): Promise<Dispatcher.ResponseData> {
    return agent.request({
      origin: this.#origin,
      path,
      method,
      headers: {
        accept: "application/json",
        "user-agent": "claude-run-bench",
        "content-type": method === "PATCH" ? "application/merge-patch+json" : "application/json",
      },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    });
  }
}

/** The kubeconfig's server speaks for the cluster; its version stands beside the figures. */
export async function serverVersion(client: Client): Promise<string> {
  return ((await client.request("GET", "/version")) as { gitVersion: string }).gitVersion;
}

/** A file of the checkout. */
export function checkoutFile(path: string): string {
  return readFileSync(new URL(`../${path}`, import.meta.url), "utf8");
}
