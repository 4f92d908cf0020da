/** Watches the runs until all of them have finished: their logs live, and the table whenever a phase changes. */
import { isFinished } from "../../crds/finished.ts";
import type { ClaudeRun } from "../../crds/claude-run.ts";
import { kubectl } from "../cluster/kubectl.ts";
import { kubectlLines } from "./kubectl-lines.ts";
import { render } from "./render.ts";
import { namespace } from "./runs.ts";
import { complain, logPrinter, say, showTable } from "./screen.ts";

/** No line of a log and no change of a run for so long: something is wrong. */
const silenceSeconds = 180;
/** After so much of it the screen says what is being waited for. */
const beatSeconds = 3;

/** Nothing has happened for too long. */
export class Silence extends Error {
  override readonly name = "Silence";
  constructor() {
    super(`no run has made progress for ${silenceSeconds} s`);
  }
}

/** Resolves to the finished runs, in the order of `names`. Rejects if nothing happens or the signal fires. */
export async function follow(names: readonly string[], stop: AbortSignal): Promise<ClaudeRun[]> {
  const silence = new AbortController();
  const leave = new AbortController();
  const signal = AbortSignal.any([stop, silence.signal, leave.signal]);
  const width = Math.max(...names.map((name) => name.length));
  const runs = new Map<string, ClaudeRun>();
  const logs = new Map<string, Promise<void>>();
  const table = phaseTable();

  let silentSeconds = 0;
  const beat = setInterval(() => {
    silentSeconds += beatSeconds;
    if (silentSeconds >= silenceSeconds) silence.abort(new Silence());
    else say(`  … ${silentSeconds} s without news: ${[...runs.values()].map(standing).join(", ")}`);
  }, beatSeconds * 1000);
  function onNews(): void {
    silentSeconds = 0;
    beat.refresh();
  }

  function follows(run: ClaudeRun): void {
    const { name } = run.metadata;
    const pod = run.status?.pod?.name;
    if (pod === undefined || logs.has(name) || !hasLog(run)) return;
    const print = logPrinter(name, names.indexOf(name), width);
    logs.set(name, followLog(pod, print, signal, onNews));
  }

  try {
    while (!names.every((name) => isFinished(runs.get(name) ?? {}))) {
      // kubectl's watch ends by itself when the API server ends it, after half an hour or more
      for await (const run of watchRuns(signal)) {
        onNews();
        if (!names.includes(run.metadata.name)) continue;
        runs.set(run.metadata.name, run);
        follows(run);
        await table(runs.size === names.length ? [...runs.values()] : []);
        if (names.every((name) => isFinished(runs.get(name) ?? {}))) break;
      }
    }
    await Promise.all(logs.values());
    return names.flatMap((name) => runs.get(name) ?? []);
  } finally {
    clearInterval(beat);
    leave.abort(new Error("the demo has stopped watching"));
    await Promise.allSettled(logs.values());
  }
}

async function* watchRuns(signal: AbortSignal): AsyncGenerator<ClaudeRun> {
  const args = ["get", "clauderuns", "-n", namespace, "--watch", "-o", 'jsonpath={@}{"\\n"}'];
  for await (const line of kubectlLines(args, signal)) yield JSON.parse(line) as ClaudeRun;
}

async function followLog(
  pod: string,
  print: ReturnType<typeof logPrinter>,
  signal: AbortSignal,
  onNews: () => void,
): Promise<void> {
  try {
    for await (const line of kubectlLines(["logs", "-f", "-n", namespace, pod], signal)) {
      const shown = render(line);
      // the runner's checkpoints come every few seconds whatever happens: they are no news
      if (shown.length > 0) onNews();
      shown.forEach(print);
    }
  } catch (error) {
    // The run goes on without its reader, and its status says how it ends.
    if (!signal.aborted) complain(error instanceof Error ? error.message : String(error));
  }
}

/** Prints `kubectl get clauderuns` when a phase has changed since it last did. */
function phaseTable(): (runs: readonly ClaudeRun[]) => Promise<void> {
  let seen = "";
  let shown = "";
  return async (runs) => {
    const phases = runs.map((run) => `${run.metadata.name} ${run.status?.phase ?? ""}`).join(", ");
    if (runs.length === 0 || phases === seen) return;
    seen = phases;
    const table = await kubectl(["get", "clauderuns", "-n", namespace]);
    // it may have been ahead of the watch last time; without the last column, which is the age
    const content = table.replace(/ +\S+$/gm, "");
    if (content === shown) return;
    shown = content;
    showTable("kubectl get clauderuns", table);
  };
}

/** What a run waits for, in its own words. */
function standing({ metadata, status }: ClaudeRun): string {
  const reason = status?.conditions?.find((condition) => condition.type === "Succeeded")?.reason;
  return `${metadata.name} ${reason ?? "not seen by the operator"}`;
}

function hasLog(run: ClaudeRun): boolean {
  return run.status?.phase === "Running" || isFinished(run);
}
