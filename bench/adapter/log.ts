/** Measures one long run: delay of its lines, lost and repeated lines, and requests to the API server. */
import { runName } from "../../adapter/spec/names.ts";
import type { Client } from "../client.ts";
import { podLogPath } from "./paths.ts";
import { adapterRequests, type Requests } from "./requests.ts";
import type { Setting } from "./setting.ts";
import { arrivalOf, execute, nowUs, TimedHost, type Arrival } from "./timed-host.ts";

const everyMs = 50;

export interface LogFigures {
  readonly seconds: number;
  /** Number of lines written. */
  readonly lines: number;
  /** Milliseconds from a line's writing to its arrival. */
  readonly lag: { readonly plain: number[]; readonly adapter: number[] };
  /** Lines that were lost, repeated or out of order. */
  readonly lost: number;
  readonly repeated: number;
  readonly disordered: number;
  readonly requests: Requests;
  /** From execute() to its return. */
  readonly runMinutes: number;
}

export async function measureLog(client: Client, setting: Setting, seconds: number): Promise<LogFigures> {
  const lines = Math.ceil((seconds * 1_000) / everyMs);
  const host = new TimedHost(setting.agentConfig({ lines, everyMs }));
  const name = runName(host.context.agent.id, host.context.runId);
  const fromMs = Date.now();
  const running = execute(host.context);
  await host.started;
  const pod = (await setting.stage.get(name)).status?.pod?.name ?? "";
  const plain: Arrival[] = [];
  const openedUs = nowUs();
  const following = client.read(podLogPath(setting.stage.namespace, pod), (line) => {
    const arrival = arrivalOf(line, nowUs());
    if (arrival !== undefined) plain.push(arrival);
  });
  const result = await running;
  const toMs = Date.now();
  if (result.exitCode !== 0) throw new Error(`${name}: ${result.errorMessage ?? "failed"}\n${host.messages}`);
  await following;
  return {
    seconds,
    lines,
    // Ignores lines written before the plain follow was opened.
    lag: { plain: lagsOf(plain.filter(({ writtenUs }) => writtenUs > openedUs)), adapter: lagsOf(host.arrivals) },
    ...countMistakes(host.arrivals, lines),
    requests: await adapterRequests(fromMs, toMs + 1_000),
    runMinutes: (toMs - fromMs) / 60_000,
  };
}

function lagsOf(arrivals: readonly Arrival[]): number[] {
  return arrivals.map(({ writtenUs, arrivedUs }) => (arrivedUs - writtenUs) / 1_000);
}

function countMistakes(
  arrivals: readonly Arrival[],
  lines: number,
): Pick<LogFigures, "lost" | "repeated" | "disordered"> {
  const numbers = arrivals.map(({ n }) => n).filter((n) => n !== undefined);
  const different = new Set(numbers);
  const disordered = numbers.filter((n, index) => index > 0 && n < (numbers[index - 1] ?? 0)).length;
  return { lost: lines - different.size, repeated: numbers.length - different.size, disordered };
}
