/** execute() against the real cluster, the real operator and the real CLI. */
import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { kubectl } from "../test/cluster/kubectl.ts";
import { Stage, type Turn } from "../test/e2e/stage.ts";
import { execute } from "./execute.ts";
import { runName } from "./spec/names.ts";
import { TestHost, type HostOptions } from "./testing/host.ts";

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
    const result = await execute(host.context);
    expect(result, host.stderr).toMatchObject({
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
    expect(host.stderr).toContain("is running in pod");
  });

  it("case 34: a cancel while it runs ends the pod, and is acknowledged", async () => {
    const host = hostFor([{ hang: true }], { config: { graceSec: 5 } });
    const running = execute(host.context);
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
    const result = await execute(host.context);
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
    const runningFirst = execute(first.context);
    await first.until(() => first.stderr.includes("is running in pod"));
    const runningSecond = execute(second.context);
    await second.until(() => second.stderr.includes("is queued"));
    second.cancel();
    expect(await runningSecond).toMatchObject({ errorCode: "cancelled" });
    expect(await stage.pods(nameOf(second))).toEqual([]);
    first.cancel();
    await runningFirst;
  });

  it("case 20: past timeoutSec it is timed out, and the message says the real seconds", async () => {
    const host = hostFor([{ hang: true }], { config: { timeoutSec: 8, graceSec: 5 } });
    expect(await execute(host.context)).toMatchObject({
      timedOut: true,
      errorCode: "timeout",
      errorMessage: expect.stringContaining("Timed out after 8 s") as string,
    });
  });
});
