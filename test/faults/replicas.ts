/** Operator processes that can be frozen, killed and started again. */
import { closeSync, openSync, readFileSync } from "node:fs";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { ReplicaOptions } from "./replica.ts";

const program = fileURLToPath(new URL("replica.ts", import.meta.url));

/** Around a program: where its output goes, its environment beside ours, options of node before it. */
export interface Outside {
  readonly logFile: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly node?: readonly string[];
}

/** A program that is started, and started again when it was killed, with the same command line. */
export class Replica {
  readonly #command: readonly string[];
  readonly #env: Readonly<Record<string, string>>;
  readonly logFile: string;
  #child: ChildProcess | undefined;
  #isFrozen = false;
  /** Ended although nobody ended it. */
  crashes = 0;

  constructor(command: readonly string[], options: Outside) {
    this.#command = command;
    this.#env = options.env ?? {};
    this.logFile = options.logFile;
  }

  /** An operator from the source, without an election, disturbed. */
  static fromSource(options: ReplicaOptions, outside: Outside): Replica {
    return new Replica([...(outside.node ?? []), program, JSON.stringify(options)], outside);
  }

  start(): void {
    const log = openSync(this.logFile, "a");
    const child = spawn(process.execPath, this.#command, {
      stdio: ["ignore", log, log],
      env: { ...process.env, NODE_ENV: "production", ...this.#env },
    });
    closeSync(log);
    child.once("exit", () => {
      if (this.#child === child) this.crashes += 1;
    });
    this.#child = child;
    this.#isFrozen = false;
  }

  get isFrozen(): boolean {
    return this.#isFrozen;
  }

  freeze(): void {
    this.#child?.kill("SIGSTOP");
    this.#isFrozen = true;
  }

  thaw(): void {
    this.#child?.kill("SIGCONT");
    this.#isFrozen = false;
  }

  /** Ends it, without warning unless another signal is asked for, and waits until it has ended. */
  async end(signal: "SIGKILL" | "SIGTERM" = "SIGKILL"): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGCONT");
    child.kill(signal);
    await ended;
  }

  /** Lines of its log that have all of these words. */
  said(...words: string[]): string[] {
    return readFileSync(this.logFile, "utf8")
      .split("\n")
      .filter((line) => words.every((word) => line.includes(word)));
  }
}
