/** Runs that people stop in Paperclip: the host answers only once the pod is known to have ended. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Office, type HostRun } from "./office.ts";

let office: Office;
beforeAll(async () => {
  office = await Office.open("paperclip-stops");
});
afterAll(() => office.close());

/** A run that never answers, as soon as the host knows it. */
async function hanging(agent: string): Promise<HostRun> {
  return office.nth(await office.issue(agent, [{ hang: true }]));
}

describe("cancel", () => {
  it("of a run that waits for its agent ends it; it never had a pod, and the other goes on", async () => {
    const agent = await office.agent("Queued");
    const first = await hanging(agent);
    await office.inPhase(first.id, "Running");
    const second = await hanging(agent);
    const { metadata } = await office.inPhase(second.id, "Queued");
    await office.cancel(second.id);
    expect(await office.run(second.id)).toMatchObject({ status: "cancelled", errorCode: "cancelled" });
    expect((await office.finished(second.id)).status?.phase).toBe("Cancelled");
    expect(await office.stage.pods(metadata.name)).toEqual([]);
    expect(await office.inPhase(first.id, "Running")).toBeDefined();
    await office.cancel(first.id);
  });

  it("of a run whose pod no node takes ends it", async () => {
    const agent = await office.agent("Pending", { config: { nodeSelector: "disk=none" } });
    const run = await hanging(agent);
    await office.inPhase(run.id, "Pending");
    await office.cancel(run.id);
    expect(await office.run(run.id)).toMatchObject({ status: "cancelled", errorCode: "cancelled" });
    expect((await office.finished(run.id)).status?.phase).toBe("Cancelled");
  });

  it("of a run that runs ends claude in less than ten seconds, and keeps its session", async () => {
    const agent = await office.agent("Running");
    const run = await hanging(agent);
    await office.inPhase(run.id, "Running");
    const startedMs = Date.now();
    await office.cancel(run.id);
    expect(Date.now() - startedMs).toBeLessThan(10_000);
    const cancelled = await office.run(run.id);
    expect(cancelled).toMatchObject({
      status: "cancelled",
      resultJson: { executionCancellation: { state: "acknowledged" } },
    });
    const { status } = await office.finished(run.id);
    expect(status?.phase).toBe("Cancelled");
    expect(cancelled.sessionIdAfter ?? undefined).toBe(status?.session?.id);
  });
});

it("pausing an agent ends what it runs and what waits", async () => {
  const agent = await office.agent("Paused");
  const running = await hanging(agent);
  await office.inPhase(running.id, "Running");
  const waiting = await hanging(agent);
  await office.inPhase(waiting.id, "Queued");
  await office.server.post(`/api/agents/${agent}/pause`);
  const ended = await Promise.all([running, waiting].map(({ id }) => office.ended(id)));
  expect(ended.map(({ status }) => status)).toEqual(["cancelled", "cancelled"]);
  const runs = await Promise.all([running, waiting].map(({ id }) => office.finished(id)));
  expect(runs.map(({ status }) => status?.phase)).toEqual(["Cancelled", "Cancelled"]);
});
