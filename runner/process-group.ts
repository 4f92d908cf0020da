/** Signals for claude's process group, and its end. */
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

const leftoverTermMs = 500;
const pollMs = 10;

/** claude and whatever it started, as long as that stays in its group. */
export class ProcessGroup {
  readonly #id: number;
  #killTimer: NodeJS.Timeout | undefined;
  #killAtMs = Infinity;

  constructor(id: number) {
    this.#id = id;
  }

  /** False if the group has no member any more. */
  signal(signal: NodeJS.Signals | 0): boolean {
    try {
      return process.kill(-this.#id, signal);
    } catch {
      return false;
    }
  }

  /** Sends the signal now and KILL after `killAfterMs`; a later call can only bring KILL forward. */
  end(signal: NodeJS.Signals, killAfterMs: number): void {
    this.signal(signal);
    const killAtMs = performance.now() + killAfterMs;
    if (killAtMs >= this.#killAtMs) return;
    this.#killAtMs = killAtMs;
    clearTimeout(this.#killTimer);
    this.#killTimer = setTimeout(() => this.signal("SIGKILL"), killAfterMs);
  }

  /** After claude's own end: ends what it left behind and resolves when nothing of it runs. */
  async reap(): Promise<void> {
    clearTimeout(this.#killTimer);
    const leftoverMs = Math.max(0, Math.min(leftoverTermMs, this.#killAtMs - performance.now()));
    if (this.signal("SIGTERM")) await this.#gone(leftoverMs);
    if (this.signal("SIGKILL")) await this.#gone(leftoverTermMs);
    // As a container's first process: also what left the group (setsid). Nobody else lives in this container.
    if (process.pid === 1) killEverything();
  }

  async #gone(withinMs: number): Promise<void> {
    const untilMs = performance.now() + withinMs;
    while (performance.now() < untilMs && this.signal(0) && hasLiveMember(this.#id)) await delay(pollMs);
  }
}

/** A group of nothing but zombies still takes signals: nobody may ever wait for them, and they do nothing any more. */
function hasLiveMember(group: number): boolean {
  const processes = readdirSync("/proc").filter((name) => /^\d+$/u.test(name));
  return processes.some((pid) => {
    const [state, , memberOf] = statFields(pid);
    return memberOf === `${group}` && state !== "Z";
  });
}

/** The fields after the command's name, which may itself contain blanks and brackets. */
function statFields(pid: string): string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    // It ended in between.
    return [];
  }
}

function killEverything(): void {
  try {
    process.kill(-1, "SIGKILL");
  } catch {
    // Nothing is left.
  }
}
