/** What every verb is given: where it speaks to, and where it prints. */
import { Connection } from "../adapter/kubernetes/connection.ts";
import { words } from "../adapter/kubernetes/api-error.ts";
import type { Output } from "./output.ts";
import { misuse, Problem } from "./problem.ts";
import { Terminal, type ColourMode } from "./terminal/terminal.ts";

/** kubectl's own flags, and ours that every verb has. */
export interface CommonOptions {
  readonly namespace?: string;
  readonly allNamespaces?: boolean;
  readonly selector?: string;
  readonly context?: string;
  readonly kubeconfig?: string;
  readonly color?: ColourMode;
  readonly output?: Output;
}

const userAgent = "kubectl-claude/0.1.0";
/** What client-node takes where it finds no kubeconfig at all. */
const noKubeconfig = "http://localhost:8080";
/** A person waits: a server that is not there is said to be so within seconds. */
const patience = { attempts: 3, timeoutMs: 15_000 };

export class Session {
  readonly terminal: Terminal;
  readonly options: CommonOptions;
  #connection: Connection | undefined;

  constructor(options: CommonOptions) {
    this.options = options;
    this.terminal = new Terminal(options.color ?? "auto");
  }

  /** The way to the API server, made when it is first asked for. */
  get connection(): Connection {
    this.#connection ??= connect(this.options);
    return this.#connection;
  }

  /** The connection if one was made. */
  get connectionIfAny(): Connection | undefined {
    return this.#connection;
  }

  /** The one namespace: -n, the context's own, or default. */
  get namespace(): string {
    if (this.options.allNamespaces === true) throw misuse("-A is for verbs that list: name one namespace with -n");
    return this.options.namespace ?? this.connection.namespace ?? "default";
  }

  /** The same, or undefined where no kubeconfig says it: what is made without a cluster needs none. */
  get namespaceIfKnown(): string | undefined {
    if (this.options.namespace !== undefined) return this.options.namespace;
    try {
      return this.namespace;
    } catch {
      return undefined;
    }
  }

  /** What a command that goes on with these runs needs beside their names: "-n agents " where that was said. */
  get where(): string {
    const { namespace, context, kubeconfig } = this.options;
    const flags = { "-n": namespace, "--context": context, "--kubeconfig": kubeconfig };
    return Object.entries(flags)
      .flatMap(([flag, value]) => (value === undefined ? [] : `${flag} ${value} `))
      .join("");
  }

  /** The namespace, or undefined with -A. */
  get namespaces(): string | undefined {
    if (this.options.allNamespaces !== true) return this.namespace;
    return undefined;
  }

  close(): void {
    this.#connection?.close();
  }
}

function connect({ kubeconfig, context }: CommonOptions): Connection {
  let connection: Connection;
  try {
    connection = Connection.fromKubeconfig(kubeconfig, userAgent, context);
  } catch (error) {
    const [line = ""] = words(error).split("\n");
    throw new Problem(
      `the kubeconfig ${kubeconfig ?? process.env["KUBECONFIG"] ?? "~/.kube/config"} can't be used: ${line}`,
      {
        cause: error,
      },
    );
  }
  if (connection.server === noKubeconfig) {
    throw new Problem("there is no kubeconfig: set KUBECONFIG, or name one with --kubeconfig");
  }
  return Object.assign(connection, patience);
}
