/** By which the API server knows us: derived by client-node, kept for a moment. */
import type { RequestOptions as HttpsOptions } from "node:https";
import type { KubeConfig } from "@kubernetes/client-node";

/** What client-node derives from the kubeconfig or the pod's service account. */
export interface Credentials {
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: Readonly<Record<string, unknown>>;
  /** Changes when a certificate was rotated. */
  readonly tlsKey: string;
}

/** So long are credentials used: reading them costs files and agents, and a burst makes hundreds of requests a second. */
const credentialsMs = 1_000;

/** Reads credentials from a kubeconfig; tokens and certificates rotate. */
export class CredentialSource {
  readonly #config: KubeConfig;
  #read: { readonly credentials: Credentials; readonly atMs: number } | undefined;

  constructor(config: KubeConfig) {
    this.#config = config;
  }

  /** The next ones are read anew. */
  forget(): void {
    this.#read = undefined;
  }

  /** Those of now, or of a second ago at most. */
  async current(): Promise<Credentials> {
    if (this.#read !== undefined && performance.now() - this.#read.atMs < credentialsMs) {
      return this.#read.credentials;
    }
    const https: HttpsOptions = {};
    await this.#config.applyToHTTPSOptions(https);
    const headers = Object.entries((https.headers ?? {}) as Record<string, unknown>);
    // A user with a password comes as "name:password", as node:https wants it.
    const basic =
      typeof https.auth === "string" ? { authorization: `Basic ${Buffer.from(https.auth).toString("base64")}` } : {};
    const names = ["ca", "cert", "key", "pfx", "passphrase", "rejectUnauthorized", "servername"] as const;
    const tls = Object.fromEntries(
      names.filter((name) => https[name] !== undefined).map((name) => [name, https[name]]),
    );
    const tlsKey = JSON.stringify(tls, (_name, value: unknown) =>
      Buffer.isBuffer(value) ? value.toString("base64") : value,
    );
    const credentials = {
      headers: { ...basic, ...Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), String(value)])) },
      tls,
      tlsKey,
    };
    this.#read = { credentials, atMs: performance.now() };
    return credentials;
  }
}
