/** A status edited by hand (kubectl edit --subresource=status): what the API server allows, and what comes of it. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Stage, type ShownPod } from "./stage.ts";
import type { ClaudeRun } from "../../crds/claude-run.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open("edited-status");
});
afterAll(() => stage.close());

function edit(name: string, patch: readonly object[]): Promise<string> {
  return stage.kubectl("patch", "clauderun", name, "--subresource=status", "--type=json", "-p", JSON.stringify(patch));
}

const hasRun = ({ status }: ShownPod): boolean =>
  status.containerStatuses?.some(
    ({ state }) => state.running !== undefined || state.terminated?.startedAt !== undefined,
  ) ?? false;

function conditionOf(run: ClaudeRun, type: string): { status: string; reason: string } | undefined {
  return run.status?.conditions?.find((each) => each.type === type);
}

const slow = [{ delayMs: 8_000, text: "done" }];

describe.concurrent("somebody edits the status of", () => {
  it.each<[string, object[]]>([
    ["pod", [{ op: "remove", path: "/status/pod" }]],
    ["pod-uid", [{ op: "replace", path: "/status/pod/uid", value: "somebody-elses" }]],
    ["conditions", [{ op: "replace", path: "/status/conditions", value: [] }]],
    ["attempt", [{ op: "replace", path: "/status/attempt", value: 7 }]],
    ["phase", [{ op: "replace", path: "/status/phase", value: "Queued" }]],
    ["all", [{ op: "replace", path: "/status", value: {} }]],
  ])("a running run: %s", async (what, patch) => {
    const name = `running-${what}`;
    await stage.create(stage.run(name, slow));
    await stage.shows(name, "Running");
    await edit(name, patch);
    const run = await stage.ended(name);
    // A uid that is nobody's means a pod that is gone; in all other cases the run goes on as it was.
    if (what === "pod-uid") expect(run.status?.failure?.reason).toMatch(/PodDeleted|JobLost/);
    else expect(run.status).toMatchObject({ phase: "Succeeded", result: { text: "done" } });
    expect(conditionOf(run, "Finished")?.status).toBe("True");
    expect((await stage.pods(name)).filter(hasRun).length).toBeLessThanOrEqual(1);
    const agent = name;
    await stage.create(stage.run(`${name}-next`, [{ text: "next" }], { agent }));
    expect((await stage.ended(`${name}-next`)).status?.phase).toBe("Succeeded");
  });

  it("a running run to Succeeded: it has ended, its pod is stopped, the next runs", async () => {
    await stage.create(stage.run("ended", [{ hang: true }], { agent: "ended" }));
    await stage.shows("ended", "Running");
    await edit("ended", [{ op: "replace", path: "/status/phase", value: "Succeeded" }]);
    const run = await stage.ended("ended");
    expect(conditionOf(run, "Finished")).toMatchObject({ status: "True", reason: "StatusEdited" });
    await stage.create(stage.run("after", [{ text: "next" }], { agent: "ended" }));
    expect((await stage.ended("after")).status?.phase).toBe("Succeeded");
    expect(await stage.pods("ended")).toEqual([]);
    await expect(edit("ended", [{ op: "replace", path: "/status/phase", value: "Running" }])).rejects.toThrow(
      /status.phase must not change/,
    );
  });

  it("a waiting run: it is put right, or ends as the editor says", async () => {
    const suspended = { agent: "waiting", suspend: true };
    await stage.create(
      stage.run("waits", [{ text: "done" }], suspended),
      stage.run("failed", [{ text: "never" }], suspended),
    );
    await Promise.all([stage.shows("waits", "Suspended"), stage.shows("failed", "Suspended")]);
    await edit("waits", [{ op: "replace", path: "/status/conditions", value: [] }]);
    await stage.shows("waits", "Suspended");
    await edit("failed", [{ op: "replace", path: "/status/phase", value: "Failed" }]);
    expect(conditionOf(await stage.ended("failed"), "Finished")?.reason).toBe("StatusEdited");
    await stage.change("waits", { suspend: false });
    expect((await stage.ended("waits")).status?.phase).toBe("Succeeded");
    expect((await stage.pods("failed")).filter(hasRun)).toEqual([]);
  });
});
