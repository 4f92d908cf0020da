/** Cancelling and deleting, of runs, Jobs and pods, in every phase: each ends truthfully, and nothing is left behind. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { failureReasons, type FailureReason } from "../../crds/reasons.ts";
import { kubectl } from "../cluster/kubectl.ts";
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
  const force = ["--force", "--grace-period=0"];
  const slow = [{ delayMs: 5_000, text: "went on" }];
  const deletes: readonly [what: string, phase: "Pending" | "Running", options: readonly string[], ending: string][] = [
    ["pod", "Running", [], "PodDeleted"],
    ["pod", "Running", force, "PodDeleted"],
    ["pod", "Pending", [], "PodDeleted"],
    ["pod", "Pending", force, "PodDeleted"],
    ["job", "Running", ["--cascade=background"], "JobLost"],
    ["job", "Running", ["--cascade=foreground"], "JobLost"],
    ["job", "Running", ["--cascade=orphan"], "Completed"],
    ["job", "Pending", ["--cascade=background"], "JobLost"],
    ["job", "Pending", ["--cascade=foreground"], "JobLost"],
    ["job", "Pending", ["--cascade=orphan"], "Unschedulable"],
  ];
  it.each(deletes)(
    "the %s of a %s run with %j: %s, and the pod is given back",
    async (what, phase, options, ending) => {
      const how = (options[0] ?? "--plain").split(/--|=/).at(-1) ?? "";
      const name = `d-${what}-${phase.toLowerCase()}-${how}`;
      const pod = phase === "Pending" ? { nodeSelector: { "no-such": "node" } } : {};
      const turns = ending === "Completed" ? slow : [{ hang: true }];
      // Long enough for what is deleted first, short where only the deadline ends the run.
      const startDeadlineSeconds = ending === "Unschedulable" ? 10 : 600;
      await stage.create(stage.run(name, turns, { pod, startDeadlineSeconds }));
      const { status } = await stage.shows(name, phase === "Pending" ? "Unschedulable" : "Running");
      const target = (what === "pod" ? status?.pod?.name : status?.job?.name) ?? "";
      await stage.kubectl("delete", what, target, "--wait=false", ...options);
      const run = await stage.ended(name);
      expect(verdict(run).reason, verdict(run).message).toBe(ending);
      if (ending === "Completed") {
        expect(run.status?.result?.text).toBe("went on");
        return;
      }
      expect(run.status?.failure).toMatchObject({ reason: ending, retryable: true });
      expect(run.status?.failure?.message).toContain(failureReasons[ending as FailureReason].whatToDo);
      expect(run.status?.pod?.uid).toBe(status?.pod?.uid);
      await stage.until("its pod is gone", () => nothingLeft(name));
    },
  );

  it("a run that no node takes: nothing is left of it", async () => {
    await stage.create(stage.run("d-pend", [{ text: "never" }], { pod: { nodeSelector: { "no-such": "node" } } }));
    await stage.shows("d-pend", "Unschedulable");
    await stage.kubectl("delete", "clauderun", "d-pend", "--wait=false");
    await stage.until("its pod is gone", () => nothingLeft("d-pend"));
  });

  it("a finished run: nothing is left of it", async () => {
    await stage.create(stage.run("d-done", [{ text: "done" }]));
    await stage.ended("d-done");
    await stage.kubectl("delete", "clauderun", "d-done", "--wait=false");
    await stage.until("its pod is gone", () => nothingLeft("d-done"));
  });

  it("the namespace, with runs in every phase: it goes, and others do not notice", async () => {
    const doomed = await Stage.open("doomed");
    const nowhere = { pod: { nodeSelector: { "no-such": "node" } } };
    await doomed.create(
      doomed.run("waits", [{ text: "never" }], { suspend: true }),
      doomed.run("pends", [{ text: "never" }], nowhere),
      doomed.run("runs", [{ hang: true }]),
      doomed.run("waits-too", [{ text: "never" }], { agent: "runs" }),
      doomed.run("ends", [{ text: "done" }]),
    );
    await Promise.all([
      doomed.shows("waits", "Suspended"),
      doomed.shows("pends", "Unschedulable"),
      doomed.shows("runs", "Running"),
      doomed.shows("waits-too", "AgentBusy"),
      doomed.ended("ends"),
    ]);
    await doomed.close();
    await stage.create(stage.run("neighbour", [{ text: "here" }]));
    expect((await stage.ended("neighbour")).status?.phase).toBe("Succeeded");
    await kubectl(["wait", "--for=delete", `namespace/${doomed.namespace}`, "--timeout=180s"]);
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
