/** Starts programs of the benchmark and stops exactly those by process id. */
import { spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { once } from "node:events";

export interface Program {
  readonly name: string;
  readonly pid: number;
  /** Resolves once the program has ended for any reason. */
  readonly ended: Promise<void>;
  hasEnded(): boolean;
  stop(): Promise<void>;
}

const stopTimeoutMs = 15_000;

/** Starts a program with its output in a file. */
export async function start(
  name: string,
  command: readonly [string, ...string[]],
  options: { logFile: string; env?: Readonly<Record<string, string>> },
): Promise<Program> {
  const log = createWriteStream(options.logFile);
  await once(log, "open");
  const [file, ...args] = command;
  const child = spawn(file, args, {
    stdio: ["ignore", log, log],
    env: { ...process.env, ...options.env },
  });
  await once(child, "spawn");
  log.end();
  const ended = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
  });
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
  async function stop(): Promise<void> {
    if (hasEnded()) return;
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), stopTimeoutMs);
    await ended;
    clearTimeout(timer);
  }
  return { name, pid: child.pid ?? 0, ended, hasEnded, stop };
}
