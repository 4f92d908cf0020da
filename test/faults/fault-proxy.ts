/**
 * An HTTP proxy before the real API server, with the cluster's own credentials: each request can meet a fault, in the same words
 * as with the API server of the tests' own.
 */
import { once } from "node:events";
import { mkdtempSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { Agent, request, type RequestOptions } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KubeConfig } from "@kubernetes/client-node";
import { failure, sendJson, type ApiFault } from "../../kube/testing/responses.ts";
import { verbOf, type ApiVerb } from "../../kube/testing/api-request.ts";

/** `cutCharacter`: the answer breaks off inside the first character of several bytes after so many bytes. */
export type ProxyFault = ApiFault | { readonly kind: "cutCharacter"; readonly afterBytes: number };

export class FaultProxy {
  readonly #target: URL;
  readonly #credentials: RequestOptions;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #server: Server;
  /** Asked for each request: what befalls it. */
  fault: (verb: ApiVerb) => ProxyFault | undefined = () => undefined;

  private constructor(target: URL, credentials: RequestOptions) {
    this.#target = target;
    this.#credentials = credentials;
    this.#server = createServer((asked, answer) => this.#take(asked, answer));
  }

  static async open(): Promise<FaultProxy> {
    const config = new KubeConfig();
    config.loadFromDefault();
    const credentials: RequestOptions = {};
    await config.applyToHTTPSOptions(credentials);
    const { ca, cert, key } = credentials;
    const proxy = new FaultProxy(new URL(config.getCurrentCluster()?.server ?? ""), { ca, cert, key });
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  /** A file that leads through the proxy. */
  kubeconfig(): string {
    const file = join(mkdtempSync(join(tmpdir(), "adapter-proxy-")), "config");
    const server = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    const config = {
      clusters: [{ name: "proxy", cluster: { server, "insecure-skip-tls-verify": true } }],
      users: [{ name: "proxy", user: {} }],
      contexts: [{ name: "proxy", context: { cluster: "proxy", user: "proxy" } }],
      "current-context": "proxy",
    };
    writeFileSync(file, JSON.stringify(config));
    return file;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
    this.#agent.destroy();
  }

  #take(asked: IncomingMessage, answer: ServerResponse): void {
    const { pathname, searchParams } = new URL(asked.url ?? "", this.#target);
    const fault = this.fault(verbOf(asked.method ?? "GET", pathname, searchParams));
    answer.on("error", () => undefined);
    if (fault?.kind === "hang") return;
    if (fault?.kind === "reject") sendJson(answer, fault.code, failure(fault.code, "rejected by the test").body);
    else if (fault?.kind === "reset" && !fault.done) answer.socket?.resetAndDestroy();
    else this.#pass(asked, answer, fault);
  }

  #pass(asked: IncomingMessage, answer: ServerResponse, fault: ProxyFault | undefined): void {
    const passed = request(
      new URL(asked.url ?? "", this.#target),
      {
        ...this.#credentials,
        agent: this.#agent,
        method: asked.method,
        headers: { ...asked.headers, host: this.#target.host },
      },
      (real) => relay(real, answer, fault),
    );
    passed.on("error", () => answer.destroy());
    answer.on("close", () => passed.destroy());
    asked.pipe(passed);
  }
}

/** The real answer, as far as the fault lets it. */
function relay(real: IncomingMessage, answer: ServerResponse, fault: ProxyFault | undefined): void {
  if (fault?.kind === "reset") {
    real.resume().on("end", () => answer.socket?.resetAndDestroy());
    return;
  }
  answer.writeHead(real.statusCode ?? 502, real.headers);
  answer.flushHeaders();
  real.on("error", () => answer.destroy());
  real.on("end", () => answer.end());
  let sent = 0;
  real.on("data", (chunk: Buffer) => {
    const at = fault === undefined ? -1 : cutIn(chunk, fault, sent);
    sent += chunk.length;
    if (at < 0) {
      answer.write(chunk);
      return;
    }
    answer.write(chunk.subarray(0, at));
    if (fault?.kind === "slow") {
      real.pause();
      // A moment later, so that it comes as a piece of its own.
      setTimeout(() => {
        answer.write(chunk.subarray(at));
        real.resume();
      }, 100);
      return;
    }
    real.destroy();
    // What was written reaches the reader first.
    setImmediate(() => answer.socket?.resetAndDestroy());
  });
}

/** Where in the chunk the fault strikes; less than 0: not in this one. */
function cutIn(chunk: Buffer, fault: ProxyFault, sent: number): number {
  if (!("afterBytes" in fault)) return -1;
  const from = fault.afterBytes - sent;
  if (fault.kind !== "cutCharacter") return from >= 0 && from < chunk.length ? from : -1;
  const isContinued = (byte: number): boolean => (byte & 0xc0) === 0x80;
  const at = chunk.findIndex((byte, index) => index >= from && isContinued(byte));
  return at;
}
