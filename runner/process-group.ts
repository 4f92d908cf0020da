/** Signals for claude's process group, and its end. */
import { setTimeout as delay } from "node:timers/promises";
import { hasLiveMember, isFirstOfContainer, othersInContainer } from "./processes.ts";

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
    // Also what left the group (setsid): nobody else lives in this container.
    if (isFirstOfContainer()) await killOthersInContainer();
  }

  async #gone(withinMs: number): Promise<void> {
    const untilMs = performance.now() + withinMs;
    while (performance.now() < untilMs && this.signal(0) && hasLiveMember(this.#id)) await delay(pollMs);
  }
}

/** Again until none is left: what forks while it is looked for is found by the next look. */
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
    // It ended in between, or it is somebody else's.
  }
}
