/** Signals and ends claude's process group. */
import { setTimeout as delay } from "node:timers/promises";
import { hasLiveMember, isFirstOfContainer, othersInContainer } from "./processes.ts";

const leftoverTermMs = 500;
const pollMs = 10;

/** claude and its children, except those that leave its process group. */
export class ProcessGroup {
  readonly #id: number;
  #killTimer: NodeJS.Timeout | undefined;
  #killAtMs = Infinity;

  constructor(id: number) {
    this.#id = id;
  }

  /** Sends a signal; returns false if the group has no members. */
  signal(signal: NodeJS.Signals | 0): boolean {
    try {
      return process.kill(-this.#id, signal);
    } catch {
      return false;
    }
  }

  /** Sends the signal now and KILL after `killAfterMs`; a later call can only send KILL earlier. */
  terminate(signal: NodeJS.Signals, killAfterMs: number): void {
    this.signal(signal);
    const killAtMs = performance.now() + killAfterMs;
    if (killAtMs >= this.#killAtMs) return;
    this.#killAtMs = killAtMs;
    clearTimeout(this.#killTimer);
    this.#killTimer = setTimeout(() => this.signal("SIGKILL"), killAfterMs);
  }

  /** After claude's own end: ends its remaining processes and resolves when none is running. */
  async reap(): Promise<void> {
    clearTimeout(this.#killTimer);
    const leftoverMs = Math.max(0, Math.min(leftoverTermMs, this.#killAtMs - performance.now()));
    if (this.signal("SIGTERM")) await this.#waitForExit(leftoverMs);
    if (this.signal("SIGKILL")) await this.#waitForExit(leftoverTermMs);
    // Includes processes that left the group (setsid); this container has no others.
    if (isFirstOfContainer()) await killOthersInContainer();
  }

  async #waitForExit(withinMs: number): Promise<void> {
    const untilMs = performance.now() + withinMs;
    while (performance.now() < untilMs && this.signal(0) && hasLiveMember(this.#id)) await delay(pollMs);
  }
}

/** Repeats until none is left, because processes may fork during the scan. */
async function killOthersInContainer(): Promise<void> {
  const untilMs = performance.now() + leftoverTermMs;
  for (let others = othersInContainer(); others.length > 0; others = othersInContainer()) {
    others.forEach(kill);
    if (performance.now() > untilMs) return;
    await delay(pollMs);
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended, or it belongs to another user.
  }
}
