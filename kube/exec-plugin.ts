/** Credentials from a plugin: `exec` of a user, versions v1 and v1beta1 of client.authentication.k8s.io. */
import { spawn, type ChildProcess } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join, normalize, resolve } from "node:path";
import type { Environment } from "./environment.ts";
import { CredentialsError } from "./errors.ts";
import { parseExecCredential, type PluginCredentials } from "./exec-credential.ts";
import type { ExecConfig } from "./types.ts";

const group = "client.authentication.k8s.io";
const apiVersions = [`${group}/v1`, `${group}/v1beta1`];
const maxOutputBytes = 1024 * 1024;
/** Long, because a plugin may wait for a user's login in a browser. */
const deadlineMs = 10 * 60_000;

export interface ExecPluginOptions {
  readonly config: ExecConfig;
  /** Names the user in errors: `the user me`. */
  readonly subject: string;
  /** Returns spec.cluster for provideClusterInfo. */
  readonly clusterInfo: () => object;
  /** True while this process reads stdin. */
  readonly isStdinTaken: () => boolean;
  readonly environment: Environment;
}

export class ExecPlugin {
  readonly #options: ExecPluginOptions;
  readonly #mode: string;
  #cached: PluginCredentials | undefined;
  #running: Promise<PluginCredentials> | undefined;

  /** Throws CredentialsError for an unsupported apiVersion. */
  constructor(options: ExecPluginOptions) {
    const { apiVersion, interactiveMode } = options.config;
    if (!apiVersions.includes(apiVersion)) {
      throw new CredentialsError(
        `${options.subject} has exec of another apiVersion; allowed: ${apiVersions.join(", ")}`,
      );
    }
    this.#options = options;
    this.#mode = interactiveMode || "IfAvailable";
  }

  /** The last credentials until they expire; undefined if the plugin must run. */
  get valid(): PluginCredentials | undefined {
    const { expiresMs = Infinity } = this.#cached ?? {};
    return Date.now() > expiresMs ? undefined : this.#cached;
  }

  /** Returns valid credentials. Concurrent calls run the plugin once. Throws CredentialsError. */
  async get(): Promise<PluginCredentials> {
    return this.valid ?? (await this.#renew());
  }

  /** Returns credentials other than `used`; runs the plugin unless there are some already. Throws CredentialsError. */
  async replace(used: PluginCredentials): Promise<PluginCredentials> {
    return this.#cached !== undefined && this.#cached !== used ? this.#cached : await this.#renew();
  }

  #renew(): Promise<PluginCredentials> {
    this.#running ??= this.#run().finally(() => (this.#running = undefined));
    return this.#running;
  }

  async #run(): Promise<PluginCredentials> {
    const { config, subject, environment } = this.#options;
    const isInteractive = this.#isInteractive();
    const plugin = `the credential plugin ${config.command} of ${subject}`;
    const command = this.#commandPath(plugin);
    const spec = {
      ...(config.provideClusterInfo ? { cluster: this.#options.clusterInfo() } : {}),
      interactive: isInteractive,
    };
    const info = { kind: "ExecCredential", apiVersion: config.apiVersion, spec };
    const output = await runCommand(command, config.args, {
      plugin,
      isInteractive,
      variables: {
        ...environment.variables,
        ...Object.fromEntries(config.env.map(({ name, value }) => [name, value])),
        KUBERNETES_EXEC_INFO: JSON.stringify(info),
      },
    });
    this.#cached = parseExecCredential(output, config.apiVersion, plugin);
    return this.#cached;
  }

  /** True if the plugin inherits stdin: only a terminal that this process does not read. */
  #isInteractive(): boolean {
    if (this.#mode === "Never") return false;
    const { subject, environment, isStdinTaken, config } = this.#options;
    const isAvailable = environment.isStdinTerminal() && !isStdinTaken();
    if (this.#mode === "Always" && !isAvailable) {
      throw new CredentialsError(
        `the credential plugin ${config.command} of ${subject} needs a terminal: stdin is no terminal or is read for the prompt`,
      );
    }
    return isAvailable;
  }

  /** Looks the command up in this process's PATH; the plugin's own variables do not count. */
  #commandPath(plugin: string): string {
    const { config, environment } = this.#options;
    const command = normalize(config.command);
    const paths = command.includes("/")
      ? [command]
      : (environment.variables["PATH"] ?? "").split(delimiter).map((directory) => join(directory || ".", command));
    const found = paths.map((path) => resolve(environment.directory, path)).find(isExecutable);
    if (found !== undefined) return found;
    const hint = config.installHint.replace(/\s+/g, " ").replace(/\p{C}/gu, "?").trim().slice(0, 1_000);
    throw new CredentialsError(`${plugin} is not installed${hint === "" ? "" : `: ${hint}`}`);
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

interface RunOptions {
  readonly plugin: string;
  readonly isInteractive: boolean;
  readonly variables: NodeJS.ProcessEnv;
}

/** Runs the plugin and returns its stdout; its stderr is inherited. */
function runCommand(command: string, args: readonly string[], { plugin, isInteractive, variables }: RunOptions) {
  return new Promise<Buffer>((resolve, reject) => {
    const fail = (problem: string, cause?: unknown): void => {
      clearTimeout(timer);
      reject(new CredentialsError(`${plugin} ${problem}`, { cause }));
    };
    let child: ChildProcess;
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      fail(`did not end within ${deadlineMs / 60_000} minutes`);
    }, deadlineMs);
    timer.unref();
    try {
      child = spawn(command, args, {
        env: variables,
        stdio: [isInteractive ? "inherit" : "ignore", "pipe", "inherit"],
      });
    } catch (error) {
      // No cause: it may quote arguments and variables.
      fail(`cannot be run (${(error as NodeJS.ErrnoException).code ?? "unknown error"})`);
      return;
    }
    const chunks: Buffer[] = [];
    let length = 0;
    child.stdout?.on("data", (chunk: Buffer) => {
      length += chunk.length;
      if (length <= maxOutputBytes) return void chunks.push(chunk);
      child.kill("SIGKILL");
      fail(`printed more than the limit of ${maxOutputBytes} bytes`);
    });
    child.on("error", (error) => fail(`cannot be run (${(error as NodeJS.ErrnoException).code ?? error.name})`, error));
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      if (code === 0) resolve(Buffer.concat(chunks));
      else fail(code === null ? `was ended by ${signal ?? "a signal"}` : `ended with exit code ${code}`);
    });
  });
}
