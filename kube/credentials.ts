/** The credentials of a user: fixed, in rotating files, or from a plugin. */
import { readFileSync } from "node:fs";
import { CredentialsError, fileProblem } from "./errors.ts";
import type { PluginCredentials } from "./exec-credential.ts";
import type { ExecPlugin } from "./exec-plugin.ts";
import { bearer, type Headers } from "./headers.ts";
import { tlsOptions, type TlsOptions, type TlsParts } from "./tls.ts";

export interface Credentials {
  readonly headers: Headers;
  /** Undefined for plain HTTP. */
  readonly tls: TlsOptions | undefined;
  /** Changes with the certificates; a connection with another key must not be reused. */
  readonly tlsKey: string;
}

export interface CredentialParts {
  /** Headers for impersonation and for fixed authorization. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  /** Undefined for plain HTTP, which carries no other credential. */
  readonly tls: TlsParts | undefined;
  /** Files whose content replaces the parts of the same name while they can be read. */
  readonly files: { readonly token?: string; readonly ca?: string; readonly cert?: string; readonly key?: string };
  readonly plugin: ExecPlugin | undefined;
}

/** Interval between reads of the files, because a burst makes hundreds of requests a second. */
const filesMs = 1_000;

type FileName = keyof CredentialParts["files"];

export class CredentialSource {
  readonly #parts: CredentialParts;
  readonly #paths: readonly (readonly [FileName, string])[];
  #contents: Partial<Record<FileName, string>> = {};
  #readAtMs = 0;
  #pluginCredentials: PluginCredentials | undefined;
  #current: Credentials | undefined;

  /** Throws CredentialsError or KubeconfigError for parts that are invalid. Does not run the plugin. */
  constructor(parts: CredentialParts) {
    this.#parts = parts;
    this.#paths = Object.entries(parts.files) as [FileName, string][];
    for (const [name, path] of this.#paths) {
      try {
        this.#contents[name] = readContent(name, path);
      } catch (error) {
        // A fixed token is used while the token file cannot be read.
        if (name === "token" && parts.headers["authorization"] !== undefined) continue;
        throw new CredentialsError(`the ${fileNames[name]} ${path} cannot be read: ${fileProblem(error)}`, {
          cause: error,
        });
      }
    }
    this.#readAtMs = performance.now();
    const composed = this.#compose(undefined);
    if (parts.plugin === undefined) this.#current = composed;
  }

  /** Returns current credentials; a promise only if the plugin must run. Throws CredentialsError. */
  current(): Credentials | Promise<Credentials> {
    if (this.#paths.length > 0 && performance.now() - this.#readAtMs > filesMs) this.#readFiles();
    const { plugin } = this.#parts;
    if (plugin === undefined) return (this.#current ??= this.#compose(undefined));
    const { valid } = plugin;
    return valid === undefined
      ? plugin.get().then((given) => this.#withPluginCredentials(given))
      : this.#withPluginCredentials(valid);
  }

  /** After a 401 for `used`: reads files and runs the plugin again. Resolves to true if there are other credentials. */
  async renew(used: Credentials): Promise<boolean> {
    if (this.#paths.length > 0) this.#readFiles();
    const { plugin } = this.#parts;
    if (plugin !== undefined && this.#current === used && this.#pluginCredentials !== undefined) {
      this.#withPluginCredentials(await plugin.replace(this.#pluginCredentials));
    }
    return (await this.current()) !== used;
  }

  #withPluginCredentials(given: PluginCredentials): Credentials {
    if (this.#current === undefined || given !== this.#pluginCredentials) {
      this.#pluginCredentials = given;
      this.#current = this.#compose(given);
    }
    return this.#current;
  }

  /** A file that cannot be read keeps its last content, because a rotation may be in progress. */
  #readFiles(): void {
    const contents = { ...this.#contents };
    for (const [name, path] of this.#paths) {
      try {
        contents[name] = readContent(name, path);
      } catch {
        continue;
      }
    }
    this.#readAtMs = performance.now();
    if (this.#paths.every(([name]) => contents[name] === this.#contents[name])) return;
    const before = this.#contents;
    this.#contents = contents;
    try {
      this.#current = this.#compose(this.#pluginCredentials);
    } catch {
      // Only half of a key pair is new; the next read gets the other half.
      this.#contents = before;
    }
  }

  #compose(given: PluginCredentials | undefined): Credentials {
    const { headers, tls } = this.#parts;
    const token = this.#contents.token ?? given?.token ?? "";
    const withToken = token === "" ? headers : { ...headers, authorization: bearer(token) };
    if (tls === undefined) return { headers: withToken, tls: undefined, tlsKey: "" };
    const parts: TlsParts = {
      ...tls,
      ca: this.#contents.ca ?? tls.ca,
      cert: this.#contents.cert ?? given?.clientCertificateData ?? tls.cert,
      key: this.#contents.key ?? given?.clientKeyData ?? tls.key,
    };
    return { headers: withToken, tls: tlsOptions(parts), tlsKey: JSON.stringify([parts.ca, parts.cert, parts.key]) };
  }
}

const fileNames: Readonly<Record<FileName, string>> = {
  token: "token file",
  ca: "certificate authority",
  cert: "client certificate",
  key: "client key",
};

function readContent(name: FileName, path: string): string {
  const text = readFileSync(path, "utf8");
  if (name !== "token") return text;
  if (text.trim() === "") throw new Error("it is empty");
  return text.trim();
}
