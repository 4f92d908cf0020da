/** A webhook adds a container that never ends to a run's pod: the result does not wait for it, the agent's next run does. */
import { afterAll, beforeAll, expect, it } from "vitest";
import type { ClaudeRun } from "../../crds/claude-run.ts";
import { injectSidecarInto, sidecarName } from "./mutating-webhook.ts";
import { Stage, verdict } from "./stage.ts";

const agent = "meshed";
const graceSeconds = 20;

let stage: Stage;
let remove: () => Promise<void>;
beforeAll(async () => {
  stage = await Stage.open("sidecar");
  remove = await injectSidecarInto(agent, stage);
});
afterAll(async () => {
  await remove();
  await stage.close();
});

/** Not `stage.ended`: that expects the pod's end in the run's status, which is not awaited here. */
async function finished(name: string): Promise<ClaudeRun> {
  await stage.kubectl("wait", "--for=condition=Finished", `clauderun/${name}`, "--timeout=300s");
  return stage.get(name);
}

/** When a container of a pod started and ended, in milliseconds since the epoch; NaN if it has not ended. */
async function timesOf(pod: string, container: string): Promise<{ startedMs: number; endedMs: number }> {
  const terminated = `{.status.containerStatuses[?(@.name=="${container}")].state.terminated`;
  const query = ["get", "pod", pod, "-o", `jsonpath=${terminated}.startedAt} ${terminated}.finishedAt}`];
  const [started = "", ended = ""] = (await stage.kubectl(...query)).split(" ");
  return { startedMs: Date.parse(started), endedMs: Date.parse(ended) };
}

it("the result is there when claude has ended, and the agent's next run starts when the pod has", async () => {
  const spec = { agent, podTTLSecondsAfterFinished: 600 };
  const next = stage.run("next", [{ text: "Second." }], { ...spec, priority: -1, sidecarGraceSeconds: 0 });
  await stage.create(stage.run("first", [{ text: "First." }], { ...spec, sidecarGraceSeconds: graceSeconds }), next);
  const first = await finished("first");
  expect(first.status).toMatchObject({ phase: "Succeeded", result: { text: "First." } });
  expect(first.status?.pod?.phase).toBe("Running");
  expect(verdict(await stage.told("next", sidecarName)).message).toContain("sidecarGraceSeconds");
  const second = await finished("next");
  expect(second.status).toMatchObject({ phase: "Succeeded", result: { text: "Second." } });

  const pod = first.status?.pod?.name ?? "";
  const [claude, sidecar] = [await timesOf(pod, "claude"), await timesOf(pod, sidecarName)];
  const recordedMs = Date.parse(first.status?.completionTime ?? "");
  expect(recordedMs).toBeLessThan(sidecar.endedMs);
  expect(sidecar.endedMs - claude.endedMs).toBeGreaterThanOrEqual(graceSeconds * 1_000 - 1_000);
  const after = await timesOf(second.status?.pod?.name ?? "", "claude");
  expect(after.startedMs).toBeGreaterThanOrEqual(sidecar.endedMs);
});
