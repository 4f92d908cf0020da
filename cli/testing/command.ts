/** Runs the built `kubectl claude` as a process, against an API server in the test's process. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { ClaudeRunApi } from "../../client/testing/claude-run-api.ts";
import { inProcess } from "./in-process.ts";

/** Path of the bundle; tools/setup builds it. */
export const builtCli = fileURLToPath(new URL("../dist/kubectl-claude.js", import.meta.url));

/** Exit code and output of a command. */
export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A running command. */
export interface RunningCommand {
  readonly child: ChildProcess;
  readonly ended: Promise<CommandResult>;
  /** The output so far. */
  readonly printed: { stdout: string; stderr: string };
}

/** Environment and stdin of a command. */
export interface CommandOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
}

/** Starts a command. Without `stdin` its input is empty. */
export function start(args: readonly string[], { env = {}, stdin = "" }: CommandOptions = {}): RunningCommand {
  const child = spawn(process.execPath, [builtCli, ...args], {
    env: { PATH: process.env["PATH"], HOME: "/nowhere", ...env },
  });
  const printed = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (printed.stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (printed.stderr += text));
  child.stdin.on("error", () => undefined).end(stdin);
  const ended = once(child, "close").then(([code]) => ({ code: code as number | null, ...printed }));
  return { child, ended, printed };
}

/** An API server, and `kubectl claude` with a kubeconfig for it. */
export class CliHarness {
  readonly api = new ClaudeRunApi();
  #kubeconfig = "";

  async open(): Promise<this> {
    await this.api.listen();
    this.#kubeconfig = this.api.kubeconfigFile();
    return this;
  }

  close(): Promise<void> {
    return this.api.close();
  }

  /** Runs a command to its end. */
  run(args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
    return this.start(args, options).ended;
  }

  /** Runs a command to its end in this process. */
  runInProcess(args: readonly string[]): Promise<CommandResult> {
    const [command = "", ...rest] = args;
    return inProcess(command === "inspect" ? args : [command, "--kubeconfig", this.#kubeconfig, ...rest]);
  }

  start(args: readonly string[], options: CommandOptions = {}): RunningCommand {
    return start(args, { ...options, env: { KUBECONFIG: this.#kubeconfig, ...options.env } });
  }

  /** Stores a run as the API server would. */
  put(name: string, spec: object = {}, status?: object, metadata: object = {}): void {
    this.api.put("clauderuns", {
      apiVersion: "paperclip.io/v1alpha1",
      kind: "ClaudeRun",
      metadata: { name, creationTimestamp: "2026-11-23T00:00:00Z", generation: 1, ...metadata },
      spec: { agent: "nightly", prompt: "Work.", suspend: false, cancel: false, disruptionRetries: 0, ...spec },
      ...(status === undefined ? {} : { status }),
    });
  }
}

/** Returns the condition Succeeded. */
export function succeeded(status: "True" | "False" | "Unknown", reason: string, message = ""): object {
  return { type: "Succeeded", status, reason, message, lastTransitionTime: "2026-11-23T00:01:00Z" };
}
