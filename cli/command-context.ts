/** The context of a command: its connection, its options and its terminal. */
import { Connection, type ConnectionOptions } from "../kube/connection.ts";
import { errorMessage } from "../kube/api-error.ts";
import { contextNames, type LoadOptions } from "../kube/access.ts";
import { NoKubeconfigError } from "../kube/errors.ts";
import type { Output } from "./output.ts";
import { usageError, CliError } from "./errors.ts";
import { commandLine, commandOf, flagsOf, type Command } from "./shell-command.ts";
import { Terminal, type ColourMode, type Streams } from "./terminal/terminal.ts";

/** kubectl's flags, and the flags that every command has. */
export interface CommonOptions {
  readonly namespace?: string;
  readonly allNamespaces?: boolean;
  readonly selector?: string;
  readonly context?: string;
  readonly kubeconfig?: string;
  readonly cluster?: string;
  readonly user?: string;
  readonly server?: string;
  readonly token?: string;
  readonly as?: string;
  readonly asUid?: string;
  readonly asGroup?: readonly string[];
  readonly tlsServerName?: string;
  readonly certificateAuthority?: string;
  readonly insecureSkipTlsVerify?: boolean;
  readonly color?: ColourMode;
  readonly output?: Output;
}

/** Short, because a user waits: an unreachable server is reported within seconds. */
const interactive: ConnectionOptions = {
  userAgent: "kubectl-claude/0.1.0",
  attempts: 3,
  timeoutMs: 15_000,
  retriesCredentials: false,
};
/** Flags of kubectl that a proposed command repeats, in this order; never a token. */
const repeatedFlags = {
  namespace: "-n",
  context: "--context",
  kubeconfig: "--kubeconfig",
  cluster: "--cluster",
  user: "--user",
  server: "--server",
  as: "--as",
  asUid: "--as-uid",
  asGroup: "--as-group",
  tlsServerName: "--tls-server-name",
  certificateAuthority: "--certificate-authority",
} as const;

export class CommandContext {
  readonly terminal: Terminal;
  readonly options: CommonOptions;
  readonly #connectionOptions: ConnectionOptions;
  #isStdinTaken = false;
  #connection: Connection | undefined;

  constructor(options: CommonOptions, streams: Streams, connectionOptions: Partial<ConnectionOptions> = {}) {
    this.options = options;
    this.#connectionOptions = { ...interactive, ...connectionOptions };
    this.terminal = new Terminal(options.color ?? "auto", streams);
  }

  /** The connection to the API server, opened on first use. */
  get connection(): Connection {
    this.#connection ??= connect({ ...this.options, isStdinTaken: () => this.#isStdinTaken }, this.#connectionOptions);
    return this.#connection;
  }

  /** Reserves stdin for the command: a credential plugin then gets none. */
  takeStdin(): void {
    this.#isStdinTaken = true;
  }

  /** Names of the contexts in the kubeconfig, valid or not. */
  get contextNames(): readonly string[] {
    return contextNames(this.options);
  }

  /** The connection if it was opened, otherwise undefined. */
  get openConnection(): Connection | undefined {
    return this.#connection;
  }

  /** The namespace: -n, else the context's, else `default`. Throws CliError with -A. */
  get namespace(): string {
    if (this.options.allNamespaces === true)
      throw usageError("-A works only for commands that list: name one namespace with -n");
    return this.options.namespace ?? this.connection.namespace ?? "default";
  }

  /** The namespace, or undefined if no kubeconfig sets it: --dry-run=client works without a cluster. */
  get namespaceIfKnown(): string | undefined {
    if (this.options.namespace !== undefined) return this.options.namespace;
    try {
      return this.namespace;
    } catch {
      return undefined;
    }
  }

  /** kubectl's flags as given; a proposed command repeats them. */
  get flags(): Command {
    const { options } = this;
    const values = (Object.keys(repeatedFlags) as (keyof typeof repeatedFlags)[]).flatMap((name) =>
      [options[name] ?? []].flat().map((value) => [repeatedFlags[name], value] as const),
    );
    return [...flagsOf(values), ...(options.insecureSkipTlsVerify === true ? ["--insecure-skip-tls-verify"] : [])];
  }

  /** Returns a command to paste, with the same flags: "kubectl claude logs -n agents nightly-1". */
  command(name: string, ...words: Command): string {
    return commandLine(commandOf(this.flags, name, ...words));
  }

  /** The namespace, or undefined for all namespaces (-A). */
  get namespaceOrAll(): string | undefined {
    if (this.options.allNamespaces !== true) return this.namespace;
    return undefined;
  }

  close(): void {
    this.#connection?.close();
  }
}

function connect(access: LoadOptions, options: ConnectionOptions): Connection {
  try {
    return Connection.load(access, options);
  } catch (error) {
    if (error instanceof NoKubeconfigError) {
      throw new CliError("no kubeconfig found: set KUBECONFIG or --kubeconfig", { cause: error });
    }
    throw new CliError(errorMessage(error), { cause: error });
  }
}
