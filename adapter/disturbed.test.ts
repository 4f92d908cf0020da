/** Whole runs while API server and network misbehave: each verb alone, then seeded schedules of everything at once. */
import { describe, expect, it } from "vitest";
import { AdapterState } from "./adapter-state.ts";
import type { ApiFault } from "../kube/testing/responses.ts";
import { ClaudeRunApi } from "../client/testing/claude-run-api.ts";
import type { ApiVerb } from "../kube/testing/api-request.ts";
import { randomBelow, claudeLine, logFault } from "../client/testing/random.ts";
import { allowedKubeconfig } from "./testing/kubeconfigs.ts";
import { operate, type OperatedRun } from "../client/testing/operated-run.ts";
import { startRun, type StartedRun } from "./testing/start-run.ts";

const schedules = Number(process.env["RUN_SEEDS"] ?? 500);

/** Everything that execute() asks for. */
const verbs: readonly ApiVerb[] = [
  "create leases",
  "create clauderuns",
  "create secrets",
  "patch clauderuns",
  "watch clauderuns",
  "get pods/log",
  "delete secrets",
];
const faults: readonly [name: string, fault: ApiFault][] = [
  ["500", { kind: "reject", code: 500 }],
  ["429", { kind: "reject", code: 429, retryAfterSeconds: 1 }],
  ["410", { kind: "reject", code: 410 }],
  ["a reset before it was done", { kind: "reset", done: false }],
  ["a reset after it was done", { kind: "reset", done: true }],
  ["an answer that breaks off", { kind: "cut", afterBytes: 10 }],
  ["an answer in two pieces", { kind: "slow", afterBytes: 10 }],
  ["no answer", { kind: "hang" }],
];

/** Starts a run whose requests wait for two seconds: long for a busy machine, short for a test. */
async function start(prepare: (api: ClaudeRunApi) => void): Promise<{ api: ClaudeRunApi } & StartedRun> {
  const api = await new ClaudeRunApi().listen();
  const kubeconfig = allowedKubeconfig(api.kubeconfigFile());
  prepare(api);
  return { api, ...startRun(api, { config: { kubeconfig } }, new AdapterState({ timeoutMs: 2_000 })) };
}

describe("case 23: exactly one fault", () => {
  it.each(verbs)("at %s changes nothing: the run succeeds, nothing is deleted", async (verb) => {
    await Promise.all(
      faults.map(async ([name, fault]) => {
        let met = 0;
        let finishedMs = 0;
        const { api, host, result } = await start((it) => {
          it.fault = (asked) => (asked.verb === verb && met++ === 0 ? fault : undefined);
          operate(it, (run) => {
            run.succeeds();
            finishedMs = performance.now();
          });
        });
        expect(await result, `${name}: ${host.ownLines}`).toMatchObject({
          exitCode: 0,
          errorMessage: null,
          summary: "Done.",
        });
        expect(performance.now() - finishedMs, name).toBeLessThan(40_000);
        await expect.poll(() => api.all("secrets"), { message: name, timeout: 50_000 }).toEqual([]);
        expect(met, `${name} was met`).toBeGreaterThan(0);
        expect(api.runs, name).toHaveLength(1);
        expect(api.count("delete clauderuns"), name).toBe(0);
        await api.close();
      }),
    );
  });

  it("410 to the watch while the run goes on: it is read again, and the watch goes on from there", async () => {
    let operated: OperatedRun | undefined;
    const { api, host, result } = await start((it) => operate(it, (run) => (operated = run.running())));
    await host.until(() => host.ownLines.includes("is running"));
    api.compact();
    api.endWatches("reset");
    operated?.succeeds();
    expect(await result).toMatchObject({ exitCode: 0 });
    await api.close();
  });
});

/** A fault for one request in `rarity`; the same requests in the same order meet the same faults. */
function apiFaults(below: (below: number) => number, rarity: number): ClaudeRunApi["fault"] {
  let left = 6;
  return ({ verb }) => {
    if (left === 0 || below(rarity) > 0) return undefined;
    left -= 1;
    const afterBytes = below(2_000);
    const kind = below(verb === "get pods/log" ? 3 : 6);
    if (kind === 0) return { kind: "reject", code: [500, 503, 429, 410][below(4)] ?? 500 };
    if (kind === 1) return { kind: "reset", done: below(2) === 0 };
    if (kind === 2) return below(6) === 0 ? { kind: "hang" } : { kind: "reset", done: false };
    return kind === 3 ? { kind: "slow", afterBytes } : { kind: "cut", afterBytes };
  };
}

/** Plays the operator: claude writes, watches break, and the run finishes, sometimes before its log was read. */
async function unfold(api: ClaudeRunApi, run: OperatedRun, below: (below: number) => number): Promise<void> {
  const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  run.kubelet.chunkBytes = 1 + below(below(2) === 0 ? 16 : 4_000);
  for (let n = below(5); n > 0; n--) run.kubelet.faults.push(logFault(below));
  if (below(3) === 0) run.queued(1 + below(3));
  run.pending("Scheduling");
  if (below(2) === 0) await tick();
  run.running();
  for (let step = 2 + below(12); step > 0; step--) {
    const lines = Array.from({ length: below(6) }, () => claudeLine(below));
    if (below(4) === 0) run.log.stderr(`words on stderr ${step}`);
    run.writes(...lines);
    if (below(6) === 0) api.endWatches(below(2) === 0 ? "end" : "reset");
    if (below(10) === 0) api.compact();
    if (below(2) === 0) await tick();
  }
  run.writes(JSON.stringify({ type: "result", subtype: "success", is_error: false, result: "Done.", session_id: "s" }));
  run.reports({ session: { id: "s" } });
  if (below(2) === 0) await tick();
  run.finished("Succeeded", "Completed", "", { result: { exitCode: 0, text: "Done." }, session: { id: "s" } });
}

/** The runner's lines apart: what must be on stdout, and which words on stderr. */
function written({ log }: OperatedRun): { stdout: string; stderr: string[] } {
  const lines = log.lines.map((line) => line.toString());
  const own = (line: string): boolean => line.startsWith('{"type":"runner"');
  return {
    stdout: lines.filter((line) => !own(line)).join(""),
    stderr: lines.filter(own).flatMap((line) => {
      const { subtype, text } = JSON.parse(line) as { subtype: string; text: string };
      return subtype === "stderr" ? [text] : [];
    }),
  };
}

async function judge(seed: number): Promise<void> {
  const below = randomBelow(seed);
  const runs: OperatedRun[] = [];
  const { api, host, result } = await start((it) => {
    it.fault = apiFaults(below, 3 + below(12));
    operate(it, (run) => {
      runs.push(run);
      void unfold(it, run, below);
    });
  });
  expect(await result, `seed ${seed}: ${host.ownLines}`).toMatchObject({
    exitCode: 0,
    errorMessage: null,
    summary: "Done.",
  });
  const [run, ...others] = runs;
  expect(others, `seed ${seed}: one run`).toEqual([]);
  if (run === undefined) throw new Error(`seed ${seed}: no run`);
  const { stdout, stderr } = written(run);
  expect(host.ownLines, `seed ${seed}`).not.toMatch(/are missing|ends after/);
  expect(host.stdout === stdout, `seed ${seed}: stdout, byte for byte`).toBe(true);
  const told = host.stderr.split("\n").filter((line) => line !== "" && !line.startsWith("[clauderun]"));
  expect(told, `seed ${seed}: stderr`).toEqual(stderr);
  await api.close();
}

describe("case 41: the transcript of a whole run", { timeout: 240_000 }, () => {
  it(`is what the runner wrote, in ${schedules} schedules of faults at every verb and every byte of the log`, async () => {
    const seeds = Array.from({ length: schedules }, (_, n) => n + 1);
    const judges = Array.from({ length: 16 }, async () => {
      for (let seed = seeds.shift(); seed !== undefined; seed = seeds.shift()) await judge(seed);
    });
    await Promise.all(judges);
  });
});
