/** The built `kubectl claude`, run as a process against an API server in the test's own. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { TestApi } from "../../adapter/testing/api-server.ts";

/** Needs dist: tools/setup builds it. */
export const built = fileURLToPath(new URL("../dist/kubectl-claude.js", import.meta.url));

/** How one ended, and what it printed. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** One that runs. */
export interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** What it has printed so far. */
  readonly printed: { stdout: string; stderr: string };
}

/** What a test may set. */
export interface CommandOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
}

/** Starts it; without `stdin` its input is empty. */
export function start(args: readonly string[], { env = {}, stdin = "" }: CommandOptions = {}): Started {
  const child = spawn(process.execPath, [built, ...args], {
    env: { PATH: process.env["PATH"], HOME: "/nowhere", ...env },
  });
  const printed = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (printed.stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (printed.stderr += text));
  child.stdin.on("error", () => undefined).end(stdin);
  const ended = once(child, "close").then(([code]) => ({ code: code as number | null, ...printed }));
  return { child, ended, printed };
}

/** An API server, and kubectl claude that is led to it. */
export class Bench {
  readonly api = new TestApi();
  #kubeconfig = "";

  async open(): Promise<this> {
    await this.api.listen();
    this.#kubeconfig = this.api.kubeconfig();
    return this;
  }

  close(): Promise<void> {
    return this.api.close();
  }

  /** Runs it to its end. */
  claude(args: readonly string[], options: CommandOptions = {}): Promise<Ended> {
    return this.start(args, options).ended;
  }

  start(args: readonly string[], options: CommandOptions = {}): Started {
    return start(args, { ...options, env: { KUBECONFIG: this.#kubeconfig, ...options.env } });
  }

  /** Stores a run as the API server would. */
  put(name: string, spec: object = {}, status?: object, metadata: object = {}): void {
    this.api.put("clauderuns", {
      apiVersion: "paperclip.io/v1alpha1",
      kind: "ClaudeRun",
      metadata: { name, creationTimestamp: "2026-11-23T00:00:00Z", generation: 1, ...metadata },
      spec: { agent: "nightly", prompt: "Work.", suspend: false, cancel: false, ...spec },
      ...(status === undefined ? {} : { status }),
    });
  }
}

/** The condition that people look at. */
export function succeeded(status: "True" | "False" | "Unknown", reason: string, message = ""): object {
  return { type: "Succeeded", status, reason, message, lastTransitionTime: "2026-11-23T00:01:00Z" };
}
