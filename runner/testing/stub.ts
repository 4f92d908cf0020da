/** Runs the built runner with a stub instead of claude. */
import type { ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { RunnerConfig, RunnerLine, RunReport } from "../contract.ts";
import { startBuilt } from "./process.ts";

/** Options of a run. */
export interface StubOptions {
  readonly config?: Partial<RunnerConfig>;
  readonly environment?: NodeJS.ProcessEnv;
  readonly prompt?: Buffer | string;
  /** Directory of an earlier run, whose HOME and workspace are reused. */
  readonly directory?: string;
  /** Replaces the pipe that is read. */
  readonly stdoutFd?: number;
  /** A command that executes its last arguments, here the runner. */
  readonly wrapper?: readonly string[];
  /** Creates files in the run's directory before the start. */
  readonly prepare?: (directory: string) => Promise<void>;
}

/** A started run. */
export interface StubRun {
  readonly directory: string;
  readonly pid: number;
  /** stdout so far. */
  readonly output: () => Buffer;
  readonly signal: (signal: NodeJS.Signals) => void;
  readonly ended: Promise<EndedRun>;
}

/** A finished run. */
export interface EndedRun {
  readonly directory: string;
  readonly code: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
  /** The termination message. */
  readonly report: RunReport;
  readonly lines: readonly RunnerLine[];
}

/** JavaScript at the top of every stub: `emit` prints events in one write, `hang` never ends. */
const prelude = `
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { spawn } from "node:child_process";
const emit = (...events) =>
  fs.writeSync(1, events.map((event) => JSON.stringify({ session_id: "s-1", ...event }) + "\\n").join(""));
const init = () => emit({ type: "system", subtype: "init" });
const resultWith = (more) => ({ type: "result", subtype: "success", is_error: false, num_turns: 1, result: "done",
  duration_ms: 5, total_cost_usd: 0.5, model_usage_since_last_result: { m: { outputTokens: 3, costUSD: 0.5 } }, ...more });
const result = (more = {}) => emit(resultWith(more));
const hang = () => setInterval(() => undefined, 60_000);
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
`;

const directories: string[] = [];

/** Starts the runner with this JavaScript as `claude`. */
export async function startStub(script: string, options: StubOptions = {}): Promise<StubRun> {
  return startRun(async (claude) => {
    const stub = join(dirname(claude), "stub.mjs");
    await writeFile(stub, prelude + script);
    await writeFile(claude, `#!/bin/sh\nexec ${process.execPath} ${stub} "$@"\n`);
    await chmod(claude, 0o755);
  }, options);
}

/** Starts the runner; `install` writes the program to the path of `claude`. */
export async function startRun(
  install: (claude: string) => Promise<void>,
  options: StubOptions = {},
): Promise<StubRun> {
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), "runner-")));
  directories.push(directory);
  await mkdir(join(directory, "bin"), { recursive: true });
  await rm(join(directory, "bin/claude"), { force: true });
  await install(join(directory, "bin/claude"));
  await writeFile(join(directory, "prompt"), options.prompt ?? "hello");
  await writeFile(join(directory, "config.json"), JSON.stringify(configFor(directory, options.config)));
  await writeFile(join(directory, "termination-log"), "");
  await options.prepare?.(directory);
  const stdout = options.stdoutFd ?? "pipe";
  const environment = {
    PATH: `${join(directory, "bin")}:/usr/bin:/bin`,
    HOME: join(directory, "home"),
    RUNNER_CONFIG: join(directory, "config.json"),
    TERMINATION_LOG: join(directory, "termination-log"),
    CLAUDE_CODE_TMPDIR: join(directory, "tmp"),
    ...options.environment,
  };
  return watch(directory, startBuilt(environment, stdout, options.wrapper));
}

/** Runs the stub to its end. */
export async function runStub(script: string, options: StubOptions = {}): Promise<EndedRun> {
  return (await startStub(script, options)).ended;
}

/** Returns the runner lines of an output. */
export function runnerLines(stdout: Buffer): RunnerLine[] {
  const lines = stdout.toString("utf8").split("\n");
  return lines.filter((line) => line.startsWith('{"type":"runner"')).map((line) => JSON.parse(line) as RunnerLine);
}

/** Returns the digest that a checkpoint at `offset` must have. */
export function digestBefore(stdout: Buffer, offset: number): RunReport["log"] {
  const before = stdout.subarray(0, offset);
  const lines = before.toString("latin1").split("\n").length - 1;
  return { lines, bytes: before.length, sha256: createHash("sha256").update(before).digest("hex") };
}

function configFor(directory: string, changes: Partial<RunnerConfig> = {}): RunnerConfig {
  return {
    v: 1,
    promptPath: join(directory, "prompt"),
    workingDirectory: join(directory, "work"),
    claude: {},
    resultGracePeriodSeconds: 30,
    terminationGracePeriodSeconds: 30,
    ...changes,
  };
}

function watch(directory: string, child: ChildProcess): StubRun {
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout?.on("data", (chunk: Buffer) => stdout.push(chunk));
  child.stderr?.on("data", (chunk: Buffer) => stderr.push(chunk));
  return {
    directory,
    pid: child.pid ?? 0,
    output: () => Buffer.concat(stdout),
    signal: (signal) => child.kill(signal),
    ended: once(child, "close").then(() => {
      const report = JSON.parse(readFileSync(join(directory, "termination-log"), "utf8")) as RunReport;
      const output = Buffer.concat(stdout);
      return {
        directory,
        code: child.exitCode,
        stdout: output,
        stderr: Buffer.concat(stderr).toString(),
        report,
        lines: runnerLines(output),
      };
    }),
  };
}

/** Removes the files of all runs; for afterAll. */
export async function removeRuns(): Promise<void> {
  await Promise.all(directories.map((directory) => rm(directory, { recursive: true, force: true })));
}
