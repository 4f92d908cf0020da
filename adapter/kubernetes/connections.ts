/** Keeps one connection for each kubeconfig. Connections read rotated credentials again. */
import { parseKubeconfig, type ClusterAccess } from "../../kube/access.ts";
import { KubeconfigError } from "../../kube/errors.ts";
import { ConfigError } from "../spec/values.ts";
import { Connection, type ConnectionOptions } from "../../kube/connection.ts";
import { readKubeconfig } from "./kubeconfig-directory.ts";

const userAgent = "paperclip-adapter-clauderun/0.1.0";

interface CachedConnection {
  readonly text: string;
  readonly connection: Connection;
}

/** Connections by the kubeconfig that an agent's configuration names. */
export class ConnectionCache {
  readonly #connections = new Map<string, CachedConnection>();
  readonly #options: ConnectionOptions;

  constructor(options: Partial<ConnectionOptions> = {}) {
    this.#options = { userAgent, ...options };
  }

  /**
   * Returns the connection of an agent's kubeconfig, or the server's own without one. Throws ConfigError for
   * a kubeconfig that is not allowed or invalid.
   */
  get(kubeconfig: string | undefined): Connection {
    const key = kubeconfig ?? "";
    const text = kubeconfig === undefined ? "" : readKubeconfig(kubeconfig);
    const known = this.#connections.get(key);
    // A changed kubeconfig can have other credentials.
    if (known?.text === text) return known.connection;
    const connection =
      kubeconfig === undefined
        ? Connection.load({}, this.#options)
        : new Connection(accessOf(text, kubeconfig), this.#options);
    this.#connections.set(key, { text, connection });
    return connection;
  }
}

function accessOf(text: string, name: string): ClusterAccess {
  try {
    return parseKubeconfig(text, { source: `kubeconfig ${name}` });
  } catch (error) {
    // Without the cause, which may quote the file.
    if (error instanceof KubeconfigError) throw new ConfigError(error.message);
    throw new ConfigError(`cannot use kubeconfig ${name}`);
  }
}
