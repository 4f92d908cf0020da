/** Something else suspends a run's Job: the run says so, goes on when the Job is resumed, and ends if it is not. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Stage, verdict } from "./stage.ts";
import { suspendJobsOf } from "./mutating-webhook.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open("suspended");
});
afterAll(() => stage.close());

const text = [{ text: "Done." }];
/** A tool that TERM ended would let claude answer before it ends itself: then the answer stands. */
const slow = [{ text: "Wait.", tool: "Bash", input: { command: 'trap "" TERM; sleep 600' } }, { text: "Done." }];

async function jobOf(run: string): Promise<string> {
  const selector = `paperclip.io/run=${run}`;
  const query = ["get", "jobs", "-l", selector, "-o", "jsonpath={.items[*].metadata.name}"];
  let name = "";
  await stage.until(`run ${run} has a Job`, async () => (name = await stage.kubectl(...query)) !== "", 60);
  return name;
}

async function patchJob(run: string, spec: object): Promise<void> {
  await stage.kubectl("patch", "job", await jobOf(run), "--type=merge", "-p", JSON.stringify({ spec }));
}

describe("a Job that something else suspends", () => {
  it("before admission, while a quota refused its pod: the run waits for the Job, and goes on when it is resumed", async () => {
    await stage.kubectl("create", "quota", "no-pods", "--hard=pods=0");
    await stage.create(stage.run("waits", text), stage.run("fails", text, { startDeadlineSeconds: 15 }));
    await stage.told("waits", "exceeded quota");
    await patchJob("waits", { suspend: true });
    await patchJob("fails", { suspend: true });
    const waiting = await stage.shows("waits", "JobSuspended");
    expect(waiting.status?.phase).toBe("Queued");
    await stage.kubectl("delete", "quota", "no-pods");
    const failed = await stage.ended("fails");
    expect(failed.status?.failure).toMatchObject({ reason: "JobSuspended", retryable: true });
    await stage.create(stage.run("next", text, { agent: "fails" }));
    expect((await stage.ended("next")).status?.phase).toBe("Succeeded");
    await patchJob("waits", { suspend: false });
    expect((await stage.ended("waits")).status?.phase).toBe("Succeeded");
  });

  it("at its creation, by a webhook: the run waits for the Job, as long as a start may take", async () => {
    const remove = await suspendJobsOf("queue", stage);
    try {
      await stage.create(stage.run("resumed", text, { agent: "queue" }));
      expect((await stage.shows("resumed", "JobSuspended")).status?.phase).toBe("Queued");
      // As Kueue resumes a Job, with a place for its pod.
      const nodeSelector = { "kubernetes.io/os": "linux" };
      await patchJob("resumed", { suspend: false, template: { spec: { nodeSelector } } });
      expect((await stage.ended("resumed")).status?.phase).toBe("Succeeded");
      await stage.create(stage.run("forgotten", text, { agent: "queue", startDeadlineSeconds: 10 }));
      const forgotten = await stage.ended("forgotten");
      expect(forgotten.status?.failure).toMatchObject({ reason: "JobSuspended", retryable: true });
    } finally {
      await remove();
    }
    await stage.create(stage.run("follows", text, { agent: "queue" }));
    expect((await stage.ended("follows")).status?.phase).toBe("Succeeded");
  });

  it.each([
    ["suspend", { suspend: true }],
    ["parallelism", { parallelism: 0 }],
  ])("by %s while claude runs: the run ends for that, and the agent's next one goes on", async (name, edit) => {
    const next = `${name}-next`;
    await stage.create(stage.run(name, slow, { agent: name }), stage.run(next, text, { agent: name, priority: -1 }));
    await stage.shows(name, "Running");
    await patchJob(name, edit);
    expect(verdict(await stage.ended(name)).reason).toBe("JobSuspended");
    expect((await stage.ended(next)).status?.phase).toBe("Succeeded");
  });

  it("parallelism 2 changes nothing", async () => {
    await stage.create(stage.run("twice", [{ text: "Wait.", tool: "Bash", input: { command: "sleep 5" } }, ...text]));
    await stage.shows("twice", "Running");
    await patchJob("twice", { parallelism: 2 });
    expect((await stage.ended("twice")).status).toMatchObject({ phase: "Succeeded", attempt: 1 });
  });
});

describe("marks that a user removes from a running run's pod", () => {
  it.each([
    ["run-uid", ["annotate", "paperclip.io/run-uid-"]],
    ["agent-label", ["label", "paperclip.io/agent=another", "--overwrite"]],
    ["managed-by", ["label", "app.kubernetes.io/managed-by-"]],
  ])("%s: the run ends as its pod does, and the agent's next one follows", async (name, [verb = "", ...change]) => {
    const pause = { text: "Wait.", tool: "Bash", input: { command: "sleep 8" } };
    await stage.create(stage.run(name, [pause, ...text], { agent: name }));
    const { status } = await stage.shows(name, "Running");
    await stage.kubectl(verb, `pod/${status?.pod?.name ?? ""}`, ...change);
    await stage.create(stage.run(`${name}-next`, text, { agent: name }));
    expect((await stage.ended(name)).status?.phase).toBe("Succeeded");
    expect((await stage.ended(`${name}-next`)).status?.phase).toBe("Succeeded");
  });
});
