/** Numbered cases of the adapter that this one replaces: the life of a run, against an API server in this process. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ClaudeRunApi } from "../client/testing/claude-run-api.ts";
import { init, operate, OperatedRun } from "../client/testing/operated-run.ts";
import { AdapterState } from "./adapter-state.ts";
import { startRun } from "./testing/start-run.ts";

let api: ClaudeRunApi;
let state: AdapterState;
beforeEach(async () => {
  state = new AdapterState();
  api = await new ClaudeRunApi().listen();
});
afterEach(() => api.close());

const succeeded = { exitCode: 0, errorMessage: null, summary: "Done." };
const acknowledged = { executionCancellation: { state: "acknowledged" } };

/** Lines of ours that tell a state. */
function states(said: string): string[] {
  return said.split("\n").filter((line) => /is (queued|pending|running|being)/.test(line));
}

describe("results", () => {
  it("case 2: a session that is not there is tried once more with a new one", async () => {
    operate(api, (run) => {
      if (api.runs.length === 1) run.finished("Failed", "SessionNotFound", "No conversation found with session id s");
      else run.succeeds();
    });
    const { host, result } = startRun(api);
    expect(await result).toMatchObject({ ...succeeded, clearSession: false });
    expect(api.runs.map(({ status }) => status?.phase)).toEqual(["Failed", "Succeeded"]);
    expect(host.ownLines).toContain("retrying with a new session");
  });

  it("case 2: or not, if that is not wanted", async () => {
    operate(api, (run) => run.finished("Failed", "SessionNotFound", "No conversation found with session id s"));
    const { result } = startRun(api, { config: { freshSessionOnMissing: false } });
    expect(await result).toMatchObject({ errorCode: "session_unavailable", clearSession: true });
    expect(api.runs).toHaveLength(1);
  });

  it("case 11 (on purpose): of two result events the last one counts", async () => {
    const spurious = { type: "result", subtype: "error_during_execution", is_error: true, result: "Spurious." };
    operate(api, (run) => {
      run.running().writes(init, { type: "result", subtype: "success", is_error: false, result: "Done." }, spurious);
      run.reports({ reason: "ClaudeFailed", message: "Spurious.", result: { exitCode: 0, isError: true } });
    });
    expect(await startRun(api).result).toMatchObject({ errorCode: "claude_failed", summary: "Spurious." });
  });

  it("case 13: claude killed before any output is a failure, though there is nothing on stdout", async () => {
    operate(api, (run) => run.running().reports({ reason: "NoResult", result: { exitCode: 137, signal: "SIGKILL" } }));
    const { host, result } = startRun(api);
    expect(await result).toMatchObject({ errorCode: "claude_no_result", exitCode: 137, signal: "SIGKILL" });
    expect(host.stdout).toBe("");
  });

  it("case 14: claude's stderr is in the host's log and in the error", async () => {
    operate(api, (run) => {
      run.running().log.stderr("cannot open the config");
      run.reports({ reason: "ClaudeStartFailed", result: { exitCode: 1 } });
    });
    const { host, result } = startRun(api);
    expect((await result).errorMessage).toContain("cannot open the config");
    expect(host.stderr).toContain("cannot open the config\n");
  });

  it("case 21: a run deleted before its end reports its last state; a finished one keeps its result", async () => {
    operate(api, (run) => {
      run.running().deleted();
    });
    const lost = await startRun(api).result;
    expect(lost).toMatchObject({ errorCode: "k8s_job_deleted_externally" });
    expect(lost.errorMessage).toContain("on node-1");
    operate(api, (run) => {
      run.succeeds().deleted();
    });
    expect(await startRun(api).result).toMatchObject(succeeded);
  });
});

describe("the way to the first word", () => {
  it("case 15: each state is told once, in order, however often the status is written", async () => {
    operate(api, (run) => {
      run.queued(2).queued(2).queued(1).pending("Scheduling").pending("PullingImage").pending("PullingImage");
      run.running().running().succeeds();
    });
    const { host, result } = startRun(api);
    expect(await result).toMatchObject(succeeded);
    const told = states(host.ownLines).map((line) => /is (\w+)(, position \d|: \w+)?/.exec(line)?.[0]);
    // A status that was overtaken may be skipped, none is told twice and none out of order.
    const all = [
      "is queued, position 2",
      "is queued, position 1",
      "is pending: Scheduling",
      "is pending: PullingImage",
      "is running",
    ];
    expect(told).toEqual(all);
  });

  it("case 16: a container that can't start is told with its name, code and reason", async () => {
    const message = "container claude: exit code 127, StartError: exec node: not found";
    operate(api, (run) => run.pending("Starting").finished("Failed", "ContainerStartFailed", message));
    expect(await startRun(api).result).toMatchObject({
      errorCode: "k8s_container_start_failed",
      errorMessage: message,
      executionRecovery: { kind: "bootstrap", providerWorkStarted: false },
    });
  });

  it("case 19: a rejection of the API server is reported with its message", async () => {
    api.fault = ({ verb }) => (verb === "create clauderuns" ? { kind: "reject", code: 422 } : undefined);
    expect(await startRun(api).result).toMatchObject({
      errorCode: "k8s_job_create_failed",
      errorMessage: expect.stringContaining("422 rejected by the test") as string,
    });
  });

  it("case 22: a pod that is over before its container's end is known still gives the exit code", async () => {
    operate(api, (run) => {
      run.running().writes(init);
      run.setPhase("Running", "Running", "", { pod: { name: run.pod, phase: "Failed", node: "node-1" } });
      setImmediate(() => run.finished("Failed", "NoResult", "claude ended", { result: { exitCode: 3 } }));
    });
    expect(await startRun(api).result).toMatchObject({ exitCode: 3, errorCode: "claude_no_result" });
  });
});

describe("kept objects", () => {
  it("case 25: retainJobs leaves the pod to the operator's own time; else it is what was asked for", async () => {
    operate(api, (run) => run.succeeds());
    await startRun(api, { config: { ttlSecondsAfterFinished: 30 } }).result;
    await startRun(api, { config: { ttlSecondsAfterFinished: 30, retainJobs: true } }).result;
    expect(api.runs.map(({ spec }) => spec.podTTLSecondsAfterFinished)).toEqual([30, undefined]);
    expect(api.count("delete clauderuns")).toBe(0);
  });

  it("case 25: a Secret that can't be deleted changes nothing", async () => {
    api.fault = ({ verb }) => (verb === "delete secrets" ? { kind: "reject", code: 403 } : undefined);
    operate(api, (run) => run.succeeds());
    expect(await startRun(api).result).toMatchObject(succeeded);
  });
});

describe("a run that was there before", () => {
  const runId = "5f0c6f6e-0000-4000-8000-000000000033";
  const agentId = "5f0c6f6e-0000-4000-8000-00000000000a";

  it("case 33: the same run submitted twice is one ClaudeRun, and both have its result and its whole transcript", async () => {
    const admitted: OperatedRun[] = [];
    operate(api, (run) => admitted.push(run));
    const first = startRun(api, { runId, agentId }, state);
    const second = startRun(api, { runId, agentId }, state);
    await Promise.all([first, second].map(({ host }) => host.until(() => host.ownLines.includes("created ClaudeRun"))));
    admitted[0]?.succeeds();
    expect(await first.result).toMatchObject(succeeded);
    expect(await second.result).toMatchObject(succeeded);
    expect(second.host.stdout).toBe(first.host.stdout);
    expect(api.runs).toHaveLength(1);
  });

  it("case 33: a ClaudeRun of the name that belongs to another run is left alone", async () => {
    operate(api, (run) => run.succeeds());
    await startRun(api, { runId, agentId }, state).result;
    const [run] = api.all("clauderuns");
    const metadata = { ...run?.metadata, name: run?.metadata.name ?? "" };
    api.put("clauderuns", { ...run, metadata: { ...metadata, annotations: { "paperclip.io/paperclip-run-id": "x" } } });
    expect(await startRun(api, { runId, agentId }, state).result).toMatchObject({
      errorCode: "k8s_job_create_failed",
      errorMessage: expect.stringContaining("belongs to another run") as string,
    });
  });

  it("case 33: an existing Secret of the same name is replaced, not used", async () => {
    operate(api, (run) => run.succeeds());
    await startRun(api, { runId, agentId }, state).result;
    const name = api.runs[0]?.metadata.name ?? "";
    api.remove("clauderuns", name);
    api.put("secrets", { metadata: { name }, data: { "env.PAPERCLIP_API_KEY": "Zm9yZ2Vk" } });
    let used: unknown;
    operate(api, (run) => {
      used = api.get("secrets", name)?.["data"];
      run.succeeds();
    });
    expect(await startRun(api, { runId, agentId }, state).result).toMatchObject(succeeded);
    expect(used).toEqual({ "env.PAPERCLIP_API_KEY": Buffer.from("run-token-not-real").toString("base64") });
  });

  it("case 33: a missing right to make Secrets is told as itself, and the run does not start", async () => {
    api.fault = ({ verb }) => (verb === "create secrets" ? { kind: "reject", code: 403 } : undefined);
    expect(await startRun(api).result).toMatchObject({
      errorCode: "k8s_prompt_secret_create_failed",
      errorMessage: expect.stringContaining("403") as string,
    });
    expect(api.runs.map(({ spec }) => [spec.suspend, spec.cancel])).toEqual([[true, true]]);
    expect(api.count("create secrets")).toBe(1);
  });

  it("case 34: taken over, it can be cancelled", async () => {
    const admitted: OperatedRun[] = [];
    operate(api, (run) => admitted.push(run.running()));
    const first = startRun(api, { runId, agentId }, state);
    await first.host.until(() => first.host.ownLines.includes("is running"));
    const second = startRun(api, { runId, agentId }, state);
    await second.host.until(() => second.host.ownLines.includes("is running"));
    api.onRun = (run) => {
      if (run.spec.cancel) admitted[0]?.finished("Cancelled", "Cancelled", "as asked");
    };
    second.host.cancel();
    expect(await second.result).toMatchObject({ errorCode: "cancelled", resultJson: acknowledged });
    // The other did not ask for it: it is told that it was, and acknowledges nothing.
    expect((await first.result).resultJson).not.toHaveProperty("executionCancellation");
  });
});

describe("case 32: while the API can't take the run", () => {
  it.each([503, 403, 401])("answered with %i, nothing was started and the host may try again", async (code) => {
    api.fault = ({ verb }) => (verb === "create clauderuns" ? { kind: "reject", code } : undefined);
    expect(await startRun(api).result).toMatchObject({
      errorCode: "k8s_concurrency_guard_unreachable",
      errorMessage: expect.stringContaining(String(code)) as string,
      executionRecovery: { kind: "bootstrap", providerWorkStarted: false },
    });
    expect(api.runs).toEqual([]);
    expect(api.all("secrets")).toEqual([]);
  });
});

describe("cancel", () => {
  it("case 34: is not acknowledged if the run was deleted: it is unknown whether its pod has stopped", async () => {
    let run: OperatedRun | undefined;
    operate(api, (operated) => (run = operated.running()));
    const { host, result } = startRun(api);
    await host.until(() => host.ownLines.includes("is running"));
    api.onRun = ({ spec }) => {
      if (spec.cancel) run?.deleted();
    };
    host.cancel();
    expect((await result).resultJson).not.toHaveProperty("executionCancellation");
  });

  it("case 27: a host that has only lost its own lease, as it does while it ends, does not cancel at once", async () => {
    let run: OperatedRun | undefined;
    operate(api, (operated) => (run = operated.running()));
    const { host, result } = startRun(api);
    await host.until(() => host.ownLines.includes("is running"));
    host.cancel("Legacy controller lease lost");
    run?.succeeds();
    expect(await result).toMatchObject({ exitCode: 0 });
    expect(api.runs.map(({ spec }) => spec.cancel)).not.toContain(true);
  });
});
