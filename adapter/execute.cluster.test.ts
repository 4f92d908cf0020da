/** execute() against the real cluster, the real operator and the real CLI. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { KubeConfig } from "@kubernetes/client-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { kubectl } from "../test/cluster/kubectl.ts";
import { Stage, type Turn } from "../test/e2e/stage.ts";
import { ConnectionProxy } from "../test/faults/connection-proxy.ts";
import { AdapterState } from "./adapter-state.ts";
import { execute } from "./execute.ts";
import { runName } from "./spec/names.ts";
import { allowedKubeconfig } from "./testing/kubeconfigs.ts";
import { TestHost, type HostOptions } from "./testing/host.ts";

const run = promisify(execFile);

const state = new AdapterState();
let stage: Stage;
let fakeApi: string;
beforeAll(async () => {
  stage = await Stage.open("adapter");
  fakeApi = await kubectl(["get", "-n", "fake-api", "service/fake-api", "-o", "jsonpath={.spec.clusterIP}"]);
});
afterAll(() => stage.close());

/** A host whose agent is told to follow a script. */
function hostFor(turns: readonly Turn[], options: HostOptions = {}): TestHost {
  return new TestHost({
    ...options,
    config: {
      namespace: stage.namespace,
      credentialsSecretName: "anthropic",
      promptTemplate: `Do as you are told @fake ${JSON.stringify(turns)}`,
      env: { ANTHROPIC_BASE_URL: `http://${fakeApi}` },
      ...options.config,
    },
  });
}

function nameOf({ context }: TestHost): string {
  return runName(context.agent.id, context.runId);
}

/** The transcript that the pod's log holds: every line but the runner's own. */
async function written(host: TestHost): Promise<string> {
  const { status } = await stage.get(nameOf(host));
  const log = await stage.kubectl("logs", status?.pod?.name ?? "");
  return log
    .split("\n")
    .filter((line) => !line.startsWith('{"type":"runner"'))
    .join("\n");
}

describe("execute", () => {
  it("case 1: returns the mapped result of a run, its transcript byte for byte, and leaves no Secret", async () => {
    const host = hostFor([{ tool: "Bash", input: { command: "echo from the tool" } }, { text: "Done." }]);
    const result = await execute(state, host.context);
    expect(result, host.ownLines).toMatchObject({
      exitCode: 0,
      signal: null,
      timedOut: false,
      errorMessage: null,
      summary: "Done.",
      provider: "anthropic",
      usageBasis: "per_run",
      usage: { outputTokens: 20 },
      costUsd: 0.0012,
    });
    expect(result.sessionId).toMatch(/^[0-9a-f-]{36}$/);
    expect(host.calls.filter((call) => !call.startsWith("onLog"))).toEqual([
      "onCancellationReady",
      "onMeta",
      "onDispatch",
    ]);
    const run = await stage.ended(nameOf(host));
    expect(run.status?.phase).toBe("Succeeded");
    const digest = (text: string): string => createHash("sha256").update(text).digest("hex");
    expect(digest(host.stdout)).toBe(digest(await written(host)));
    await stage.until(
      "its Secret is gone",
      async () => !(await stage.kubectl("get", "secrets", "-o", "name")).includes(nameOf(host)),
    );
    expect(host.ownLines).toContain("is running in pod");
  });

  it("case 34: a cancel while it runs ends the pod, and is acknowledged", async () => {
    const host = hostFor([{ hang: true }], { config: { graceSec: 5 } });
    const running = execute(state, host.context);
    await host.until(() => host.stdout.includes('"subtype":"init"'));
    host.cancel();
    const result = await running;
    expect(result).toMatchObject({
      errorCode: "cancelled",
      resultJson: { executionCancellation: { state: "acknowledged" } },
    });
    const run = await stage.get(nameOf(host));
    expect(run.status?.phase).toBe("Cancelled");
    expect(result.sessionId).toBe(run.status?.session?.id);
  });

  it("case 34: a cancel before it was made makes nothing", async () => {
    const host = hostFor([{ text: "never" }]);
    host.cancel();
    const result = await execute(state, host.context);
    expect(result).toMatchObject({
      errorCode: "cancelled",
      executionRecovery: { kind: "bootstrap", providerWorkStarted: false },
      resultJson: { executionCancellation: { state: "acknowledged" } },
    });
    await expect(stage.get(nameOf(host))).rejects.toThrow(/not found/);
  });

  it("case 26: a second run of the agent waits for the first; cancelled while it is queued, it never had a pod", async () => {
    const agentId = "7f1fbe6e-0000-4000-8000-000000000026";
    const first = hostFor([{ hang: true }], { agentId, config: { graceSec: 5 } });
    const second = hostFor([{ text: "never" }], { agentId });
    const runningFirst = execute(state, first.context);
    await first.until(() => first.ownLines.includes("is running in pod"));
    const runningSecond = execute(state, second.context);
    await second.until(() => second.ownLines.includes("is queued"));
    second.cancel();
    expect(await runningSecond).toMatchObject({ errorCode: "cancelled" });
    expect(await stage.pods(nameOf(second))).toEqual([]);
    first.cancel();
    await runningFirst;
  });

  it("case 20: past timeoutSec it is timed out, and the message says the real seconds", async () => {
    const host = hostFor([{ hang: true }], { config: { timeoutSec: 8, graceSec: 5 } });
    expect(await execute(state, host.context)).toMatchObject({
      timedOut: true,
      errorCode: "timeout",
      errorMessage: expect.stringContaining("Timed out after 8 s") as string,
    });
  });

  it("case 17: a failing image pull waits for the start deadline, then says what the registry said", async () => {
    const config = { image: "localhost/no/such:image", podScheduleTimeoutSec: 1, podStartTimeoutSec: 8 };
    const host = hostFor([{ text: "never" }], { config });
    const result = await execute(state, host.context);
    expect(result).toMatchObject({ errorCode: "k8s_image_pull_failed", executionRecovery: { kind: "bootstrap" } });
    expect(result.errorMessage).toContain("localhost/no/such:image");
    expect(host.ownLines).toMatch(/is pending: (ErrImagePull|ImagePullBackOff)/);
  });

  it("case 18: a pod that no node takes waits for the start deadline, then says what the scheduler said", async () => {
    const config = { nodeSelector: "disk=none", podScheduleTimeoutSec: 1, podStartTimeoutSec: 7 };
    const startedMs = Date.now();
    const result = await execute(state, hostFor([{ text: "never" }], { config }).context);
    expect(result).toMatchObject({ errorCode: "k8s_pod_schedule_failed" });
    expect(result.errorMessage).toMatch(/node affinity|node selector/i);
    expect(Date.now() - startedMs).toBeGreaterThan(7_000);
  });

  it("case 26: two server processes at once for one agent: never two pods, and both runs succeed", async () => {
    const agentId = "7f1fbe6e-0000-4000-8000-00000000026b";
    const here = hostFor([{ text: "Here.", delayMs: 2_000 }], { agentId });
    const there = hostFor([{ text: "There.", delayMs: 2_000 }], { agentId });
    const script = fileURLToPath(new URL("testing/other-server.ts", import.meta.url));
    const options = JSON.stringify({ agentId, runId: there.context.runId, config: there.context.config });
    const other = run(process.execPath, [script, options], { timeout: 120_000 });
    expect(await execute(state, here.context), here.ownLines).toMatchObject({ exitCode: 0, summary: "Here." });
    const { result } = JSON.parse((await other).stdout) as { result: object };
    expect(result).toMatchObject({ exitCode: 0, summary: "There." });
    const runs = await Promise.all([here, there].map((host) => stage.ended(nameOf(host))));
    expect(new Set(runs.map(({ spec }) => spec.clientLeaseName)).size).toBe(2);
    const times = runs.map(({ status }) => [status?.startTime ?? "", status?.completionTime ?? ""]).toSorted();
    expect(Date.parse(times[1]?.[0] ?? "")).toBeGreaterThanOrEqual(Date.parse(times[0]?.[1] ?? ""));
  });

  describe("while an earlier run of the same task goes on that its server can't take up again", () => {
    const agentId = "7f1fbe6e-0000-4000-8000-000000000028";
    const runtime = { taskKey: "task-1" };
    let first: TestHost;
    let running: ReturnType<typeof execute>;
    beforeAll(async () => {
      first = hostFor([{ hang: true }], { agentId, runtime, config: { graceSec: 2 } });
      running = execute(state, first.context);
      await first.until(() => first.stdout.includes('"subtype":"init"'));
    });

    it("case 28 (on purpose): a new run is never adopted into it: with Forbid it is blocked at once", async () => {
      const host = hostFor([{ text: "never" }], { agentId, runtime, config: { concurrencyPolicy: "Forbid" } });
      expect(await execute(state, host.context)).toMatchObject({
        errorCode: "k8s_concurrent_run_blocked",
        executionRecovery: { kind: "bootstrap", providerWorkStarted: false },
      });
      expect(await stage.pods(nameOf(host))).toEqual([]);
    });

    it("case 29 (on purpose): with Queue it waits, and its transcript is its own, from byte 0", async () => {
      const host = hostFor([{ text: "Mine." }], { agentId, runtime });
      const waiting = execute(state, host.context);
      await host.until(() => host.ownLines.includes("is queued"));
      first.cancel();
      expect(await running).toMatchObject({ errorCode: "cancelled" });
      expect(await waiting).toMatchObject({ exitCode: 0, summary: "Mine." });
      expect(host.stdout).toBe(await written(host));
      expect(host.stdout.split("\n")[0]).toContain('"subtype":"init"');
      // The files of the earlier run are still in the workspace.
      expect(await written(first)).toContain('"subtype":"init"');
    });
  });

  it("case 30: a run that is being deleted blocks no other run: the next starts when its pod is gone", async () => {
    const agentId = "7f1fbe6e-0000-4000-8000-000000000030";
    const first = hostFor([{ hang: true }], { agentId, config: { graceSec: 3 } });
    const running = execute(state, first.context);
    await first.until(() => first.stdout.includes('"subtype":"init"'));
    await stage.kubectl("delete", "clauderun", nameOf(first), "--wait=false");
    const next = hostFor([{ text: "Next." }], { agentId });
    expect(await execute(state, next.context), next.ownLines).toMatchObject({ exitCode: 0, summary: "Next." });
    expect(await running).toMatchObject({ errorCode: "k8s_job_deleted_externally" });
    expect(await stage.pods(nameOf(first))).toEqual([]);
  });

  it("case 41: the transcript is what the pod wrote though the connections to the API server break all the time", async () => {
    const config = new KubeConfig();
    config.loadFromDefault();
    const proxy = await ConnectionProxy.open(config.getCurrentCluster()?.server ?? "");
    const kubeconfig = join(mkdtempSync(join(tmpdir(), "adapter-")), "config");
    const shown = JSON.parse(await kubectl(["config", "view", "--raw", "--minify", "--flatten", "-o", "json"])) as {
      clusters: { cluster: { server: string } }[];
    };
    for (const { cluster } of shown.clusters) cluster.server = proxy.url;
    writeFileSync(kubeconfig, JSON.stringify(shown), { mode: 0o600 });
    const print = {
      tool: "Bash",
      input: { command: 'for i in $(seq 1 400); do echo "Größe 🦀 $i"; done' },
      delayMs: 700,
    };
    const host = hostFor([print, print, print, print, print, { text: "Done." }], {
      config: { kubeconfig: allowedKubeconfig(kubeconfig) },
    });
    const running = execute(state, host.context);
    const stop = breakAgain(proxy);
    expect(await running, host.ownLines).toMatchObject({ exitCode: 0, summary: "Done." });
    stop();
    proxy.close();
    expect(host.stdout).toBe(await written(host));
    expect(proxy.opened).toBeGreaterThan(5);
  });
});

/** Resets every connection, or holds it up for a moment, several times a second. */
function breakAgain(proxy: ConnectionProxy): () => void {
  let n = 0;
  const timer = setInterval(() => {
    n += 1;
    if (n % 4 === 2) proxy.break("hang");
    else {
      proxy.heal();
      proxy.break("reset");
      proxy.heal();
    }
  }, 250);
  return () => clearInterval(timer);
}
