/** Cancelling and deleting, of runs, Jobs and pods, in every phase: each ends truthfully, and nothing is left behind. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Stage, verdict } from "./stage.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open("endings");
});
afterAll(() => stage.close());

const nothingLeft = async (run: string): Promise<boolean> => (await stage.pods(run)).length === 0;

describe.concurrent("cancel", () => {
  it("of a waiting run ends it at once", async () => {
    await stage.create(stage.run("c-wait", [{ text: "never" }], { suspend: true }));
    await stage.shows("c-wait", "Suspended");
    await stage.change("c-wait", { cancel: true, cancelReason: "Ada: not needed" });
    const run = await stage.ended("c-wait");
    expect(run.status).toMatchObject({ phase: "Cancelled" });
    expect(verdict(run)).toEqual({ reason: "Cancelled", message: "spec.cancel was set: Ada: not needed" });
    expect(await stage.pods("c-wait")).toEqual([]);
  });

  it("of a running run ends claude, and keeps session and log", async () => {
    await stage.create(stage.run("c-run", [{ hang: true }]));
    await stage.shows("c-run", "Running");
    await stage.until("claude's first line", async () =>
      (await stage.kubectl("logs", "-l", "paperclip.io/run=c-run")).includes('"init"'),
    );
    await stage.change("c-run", { cancel: true });
    const run = await stage.ended("c-run");
    expect(run.status).toMatchObject({ phase: "Cancelled", result: { exitCode: 143 } });
    expect(run.status?.session?.id).toBeDefined();
    expect(await stage.kubectl("logs", run.status?.pod?.name ?? "")).toContain('"subtype":"end"');
  });

  it("of a run that no node takes ends it without waiting for a node", async () => {
    await stage.create(stage.run("c-pend", [{ text: "never" }], { pod: { nodeSelector: { "no-such": "node" } } }));
    await stage.shows("c-pend", "Unschedulable");
    await stage.change("c-pend", { cancel: true });
    expect((await stage.ended("c-pend")).status?.phase).toBe("Cancelled");
    await stage.until("its pod is gone", () => nothingLeft("c-pend"));
  });
});

describe.concurrent("somebody deletes", () => {
  it("the pod of a running run: PodDeleted, and the pod is given back", async () => {
    await stage.create(stage.run("d-pod", [{ hang: true }]));
    const { status } = await stage.shows("d-pod", "Running");
    await stage.kubectl("delete", "pod", status?.pod?.name ?? "", "--wait=false");
    const run = await stage.ended("d-pod");
    expect(run.status?.failure).toMatchObject({ reason: "PodDeleted", retryable: true });
    await stage.until("its pod is gone", () => nothingLeft("d-pod"));
  });

  it("the pod by force: the same", async () => {
    await stage.create(stage.run("d-force", [{ hang: true }]));
    const { status } = await stage.shows("d-force", "Running");
    await stage.kubectl("delete", "pod", status?.pod?.name ?? "", "--force", "--grace-period=0", "--wait=false");
    expect((await stage.ended("d-force")).status?.failure?.reason).toBe("PodDeleted");
    await stage.until("its pod is gone", () => nothingLeft("d-force"));
  });

  it("the Job of a running run: JobLost", async () => {
    await stage.create(stage.run("d-job", [{ hang: true }]));
    const { status } = await stage.shows("d-job", "Running");
    await stage.kubectl("delete", "job", status?.job?.name ?? "", "--wait=false");
    expect((await stage.ended("d-job")).status?.failure?.reason).toBe("JobLost");
    await stage.until("its pod is gone", () => nothingLeft("d-job"));
  });

  it("a running run: its pod ends, and the agent's next run goes on", async () => {
    await stage.create(stage.run("d-run", [{ hang: true }], { agent: "heir" }));
    await stage.shows("d-run", "Running");
    await stage.create(stage.run("d-next", [{ text: "my turn" }], { agent: "heir" }));
    await stage.shows("d-next", "AgentBusy");
    await stage.kubectl("delete", "clauderun", "d-run", "--wait=false");
    expect((await stage.ended("d-next")).status?.phase).toBe("Succeeded");
    await stage.until("the deleted run's pod is gone", () => nothingLeft("d-run"));
  });

  it("a running run and orphans its Job: the pod ends all the same", async () => {
    await stage.create(stage.run("d-orphan", [{ hang: true }]));
    await stage.shows("d-orphan", "Running");
    await stage.kubectl("delete", "clauderun", "d-orphan", "--cascade=orphan", "--wait=false");
    await stage.until("the orphan is gone", () => nothingLeft("d-orphan"));
  });

  it("a waiting run: nothing is left of it", async () => {
    await stage.create(stage.run("d-wait", [{ text: "never" }], { suspend: true }));
    await stage.shows("d-wait", "Suspended");
    await stage.kubectl("delete", "clauderun", "d-wait");
    expect(await stage.pods("d-wait")).toEqual([]);
  });
});
