/** Parses the ExecCredential that a credential plugin prints. Errors never quote it, because it is a secret. */
import { CredentialsError, KubeconfigError } from "./errors.ts";
import { Fields } from "./fields.ts";
import { decodeText, parseYaml } from "./yaml.ts";

export interface PluginCredentials {
  /** Empty if the plugin gives a certificate only. */
  readonly token: string;
  readonly clientCertificateData: string;
  readonly clientKeyData: string;
  /** Milliseconds since the epoch; absent: until the API server rejects them. */
  readonly expiresMs?: number;
}

/** Throws CredentialsError unless it is an ExecCredential of that version with a token or a certificate and key. */
export function parseExecCredential(output: Uint8Array, apiVersion: string, plugin: string): PluginCredentials {
  const source = `the output of ${plugin}`;
  try {
    const fields = new Fields(parseText(decodeText(output, source), source), "", source);
    if (fields.text("kind") !== "ExecCredential" || fields.text("apiVersion") !== apiVersion) {
      throw new CredentialsError(`${source} is not an ExecCredential of ${apiVersion}, the apiVersion of exec`);
    }
    const status = fields.object("status");
    const token = status.text("token");
    const clientCertificateData = status.text("clientCertificateData");
    const clientKeyData = status.text("clientKeyData");
    if ((clientCertificateData === "") !== (clientKeyData === "")) {
      throw new CredentialsError(`${source} has only one of clientCertificateData and clientKeyData; allowed: both`);
    }
    if (token === "" && clientKeyData === "") {
      throw new CredentialsError(`${source} has neither a token nor a client certificate in its status`);
    }
    return { token, clientCertificateData, clientKeyData, ...expiryOf(status.text("expirationTimestamp"), source) };
  } catch (error) {
    if (error instanceof KubeconfigError) {
      throw new CredentialsError(error.message.replace(": a kubeconfig is a YAML or JSON file", ""), { cause: error });
    }
    throw error;
  }
}

/** Text that begins like JSON must be JSON. */
function parseText(text: string, source: string): unknown {
  if (!text.trimStart().startsWith("{")) return parseYaml(text, source);
  try {
    return JSON.parse(text);
  } catch {
    throw new CredentialsError(`${source} is not JSON`);
  }
}

function expiryOf(text: string, source: string): { readonly expiresMs?: number } {
  if (text === "") return {};
  const isTime = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/.test(text);
  const expiresMs = isTime ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(expiresMs)) {
    throw new CredentialsError(`${source} has an invalid expirationTimestamp; allowed: RFC 3339`);
  }
  return { expiresMs };
}
