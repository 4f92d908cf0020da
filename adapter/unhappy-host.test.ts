/** execute() never rejects for what a run or a host does; a run that was made is followed to its end, or cancelled. */
import type { AdapterExecutionContext, AdapterExecutionResult } from "@paperclipai/adapter-utils";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { AdapterState } from "./adapter-state.ts";
import { execute } from "./execute.ts";
import { ClaudeRunApi } from "../client/testing/claude-run-api.ts";
import { allowedKubeconfig } from "./testing/kubeconfigs.ts";
import { TestHost } from "./testing/host.ts";
import { init, operate, type OperatedRun } from "../client/testing/operated-run.ts";
import { startRun } from "./testing/start-run.ts";

/** For a busy machine. */
const deadline = { timeout: 60_000 };

let api: ClaudeRunApi;
beforeEach(async () => {
  api = await new ClaudeRunApi().listen();
});
afterEach(() => api.close());

/** A run whose host has these callbacks in place of its own. */
function playWith(callbacks: Partial<AdapterExecutionContext>, runId?: string): Promise<AdapterExecutionResult> {
  const { context } = new TestHost({
    config: { kubeconfig: allowedKubeconfig(api.kubeconfigFile()), promptTemplate: "Work." },
    ...(runId === undefined ? {} : { runId }),
  });
  return execute(new AdapterState(), { ...context, ...callbacks });
}

const never = (): Promise<never> => new Promise(() => undefined);
const rejecting = (): Promise<never> => Promise.reject(new Error("the host's disk is full"));
const throwing = (): never => {
  throw new Error("the host's disk is full");
};

describe("a host whose callbacks fail", () => {
  const failing: readonly [how: string, callback: () => Promise<never>][] = [
    ["reject", rejecting],
    ["throw", throwing],
  ];
  it.each(failing)("that %s gets its result all the same, and the Secrets are deleted", async (_, callback) => {
    operate(api, (run) => run.succeeds());
    const result = await playWith({
      onLog: callback,
      onMeta: callback,
      onCancellationReady: callback,
      onDispatch: throwing,
    });
    expect(result).toMatchObject({ exitCode: 0, summary: "Done." });
    await expect.poll(() => api.all("secrets"), deadline).toEqual([]);
  });

  it("never settle: the run's end is the result, and no log line holds it up for ever", async () => {
    operate(api, (run) => run.succeeds());
    const result = await playWith({ onLog: never });
    expect(result).toMatchObject({ exitCode: 0 });
    await expect.poll(() => api.all("secrets"), deadline).toEqual([]);
  });
});

describe("an API server whose answers are wrong", () => {
  const wrong: readonly [what: string, body: string][] = [
    ["no JSON", "<html>Bad Gateway</html>"],
    ["null", "null"],
    ["a list", "[]"],
    ["an object of another shape", '{"kind":"Table"}'],
    ["metadata of the wrong types", '{"metadata":{"name":1},"spec":7}'],
  ];
  it.each(wrong)("to the creation: %s is read again, and the run goes on", async (_, body) => {
    let met = false;
    api.fault = ({ verb }) => {
      if (verb !== "create clauderuns" || met) return undefined;
      met = true;
      return { kind: "answer", body };
    };
    operate(api, (run) => run.succeeds());
    expect(await startRun(api).result).toMatchObject({ exitCode: 0, summary: "Done." });
    expect(api.runs).toHaveLength(1);
  });

  it("to the creation, always: the run that was made is cancelled, though its maker never saw it", async () => {
    let isBad = true;
    api.fault = ({ verb }) =>
      isBad && (verb === "create clauderuns" || verb === "get clauderuns")
        ? { kind: "answer", body: "null" }
        : undefined;
    const result = await startRun(api).result;
    expect(result).toMatchObject({ errorCode: "k8s_concurrency_guard_unreachable" });
    expect(api.runs).toHaveLength(1);
    isBad = false;
    await expect.poll(() => api.runs[0]?.spec.cancel, deadline).toBe(true);
  });

  it("to the watch: events of any shape are passed over, and the run's end is seen", async () => {
    let operated: OperatedRun | undefined;
    operate(api, (run) => (operated = run.running().writes(init)));
    const { host, result } = startRun(api);
    await host.until(() => host.ownLines.includes("is running"));
    const name = operated?.name ?? "";
    for (const status of [
      null,
      7,
      { phase: {}, conditions: { type: 1 }, pod: [], result: "x" },
      { conditions: [null] },
    ]) {
      const run = api.get("clauderuns", name);
      api.put("clauderuns", { ...run, metadata: { ...run?.metadata, name }, status });
    }
    operated?.finished("Failed", "NoResult", "claude ended");
    expect(await result).toMatchObject({ errorCode: "claude_no_result" });
  });
});

it("a Secret that can't be made and a cancel that fails leave no suspended run: it is cancelled later", async () => {
  let isAway = true;
  api.fault = ({ verb }) => {
    if (verb === "create secrets") return { kind: "reject", code: 403 };
    return isAway && verb === "patch clauderuns" ? { kind: "reject", code: 403 } : undefined;
  };
  expect(await startRun(api).result).toMatchObject({ errorCode: "k8s_prompt_secret_create_failed" });
  expect(api.runs.map(({ spec }) => spec.cancel)).toEqual([undefined]);
  isAway = false;
  await expect.poll(() => api.runs[0]?.spec.cancel, deadline).toBe(true);
});

it("Secrets that can't be deleted at the end are deleted later", async () => {
  let isDenied = true;
  api.fault = ({ verb }) => (isDenied && verb === "delete secrets" ? { kind: "reject", code: 403 } : undefined);
  operate(api, (run) => run.succeeds());
  expect(await startRun(api).result).toMatchObject({ exitCode: 0 });
  expect(api.all("secrets")).toHaveLength(1);
  isDenied = false;
  await expect.poll(() => api.all("secrets"), deadline).toEqual([]);
});
