/** Starts one measured program: the stub by itself, or the built runner with the stub as its claude. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export type Subject = "bare" | "runner";

const stub = fileURLToPath(new URL("stub.ts", import.meta.url));
const runner = fileURLToPath(new URL("../../dist/runner.mjs", import.meta.url));

/** A directory in which `claude` is a shell script; `command` is what it executes. */
export class Bench {
  readonly #directory = mkdtempSync(join(tmpdir(), "bench-runner-"));

  constructor() {
    mkdirSync(join(this.#directory, "bin"));
    writeFileSync(join(this.#directory, "prompt"), "hello");
    const config = {
      v: 1,
      promptPath: join(this.#directory, "prompt"),
      workingDirectory: join(this.#directory, "work"),
      claude: {},
      resultGracePeriodSeconds: 30,
      terminationGracePeriodSeconds: 30,
    };
    writeFileSync(join(this.#directory, "config.json"), JSON.stringify(config));
  }

  start(who: Subject, command: string): ChildProcess {
    const claude = join(this.#directory, "bin/claude");
    writeFileSync(claude, `#!/bin/sh\n${command}\n`);
    chmodSync(claude, 0o755);
    writeFileSync(join(this.#directory, "termination-log"), "");
    const env = {
      PATH: `${join(this.#directory, "bin")}:/usr/bin:/bin`,
      HOME: join(this.#directory, "home"),
      RUNNER_CONFIG: join(this.#directory, "config.json"),
      TERMINATION_LOG: join(this.#directory, "termination-log"),
    };
    const [file, args] = who === "bare" ? [claude, []] : [process.execPath, [runner]];
    return spawn(file, args, { env, stdio: ["ignore", "pipe", "inherit"] });
  }

  remove(): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

/** Returns the shell command of the stub. */
export function printing(mode: "flood" | "pace", count: number, lineBytes: number): string {
  return `exec ${process.execPath} ${stub} ${mode} ${count} ${lineBytes}`;
}

/** Resources used by a process so far; zeros once it has ended. */
export interface Use {
  /** Peak resident size in MiB. */
  readonly peak: number;
  /** CPU time of all threads in seconds. */
  readonly cpu: number;
}

export function useOf(pid: number | undefined): Use {
  try {
    const status = readFileSync(`/proc/${pid ?? 0}/status`, "utf8");
    const stat = readFileSync(`/proc/${pid ?? 0}/stat`, "utf8");
    // After the name in brackets: state is field 3, user and system time are 14 and 15, in hundredths of a second.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const cpu = (Number(fields[11]) + Number(fields[12])) / 100;
    return { peak: Number(/VmHWM:\s+(\d+)/u.exec(status)?.[1] ?? 0) / 1024, cpu };
  } catch {
    return { peak: 0, cpu: 0 };
  }
}

/** Resolves when the process has ended and its output is read. */
export async function ended(child: ChildProcess): Promise<void> {
  await once(child, "close");
}
