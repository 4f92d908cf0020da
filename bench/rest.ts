/** Measures the idle operator's CPU time and requests. */
import { setTimeout as wait } from "node:timers/promises";
import { requestsBetween, type Requests } from "./audit.ts";
import { cpuMs, type Named } from "./proc.ts";

export interface Rest {
  readonly seconds: number;
  /** Percent of one core. */
  readonly cpuPercent: number;
  readonly requests: Requests;
}

/** Measures for `seconds` without work. */
export async function measureRest(operator: Named, seconds: number): Promise<Rest> {
  const fromMs = Date.now();
  const beforeMs = cpuMs(operator.pid);
  await wait(seconds * 1_000);
  const usedMs = cpuMs(operator.pid) - beforeMs;
  const requests = await requestsBetween(fromMs, Date.now());
  return { seconds, cpuPercent: usedMs / (seconds * 10), requests };
}
