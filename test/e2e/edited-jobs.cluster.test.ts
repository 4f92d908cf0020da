/** A user edits or deletes a run's Job: the run goes on, or ends with a reason that says what happened; the agent goes on. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ClaudeRun } from "../../crds/claude-run.ts";
import { Stage, verdict, type Spec, type Turn } from "./stage.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open("edited-jobs");
});
afterAll(() => stage.close());

const text = [{ text: "Done." }];
/** A tool that TERM ended would let claude answer before it ends itself: then the answer stands. */
const slow = [{ text: "Wait.", tool: "Bash", input: { command: 'trap "" TERM; sleep 600' } }, ...text];
const short = [{ text: "Wait.", tool: "Bash", input: { command: "sleep 8" } }, ...text];

type Edit = (job: string) => Promise<unknown>;

function patch(spec: object): Edit {
  return (job) => stage.kubectl("patch", "job", job, "--type=merge", "-p", JSON.stringify({ spec }));
}

/** Runs `turns`, edits its Job while claude works, and returns its end; the agent's next run must succeed. */
async function editWhileRunning(name: string, turns: readonly Turn[], edit: Edit, spec: Spec = {}): Promise<ClaudeRun> {
  const next = `${name}-next`;
  await stage.create(
    stage.run(name, turns, { ...spec, agent: name }),
    stage.run(next, text, { agent: name, priority: -1 }),
  );
  const { status } = await stage.shows(name, "Running");
  await edit(status?.job?.name ?? "");
  const ended = await stage.ended(name);
  expect((await stage.ended(next)).status?.phase, next).toBe("Succeeded");
  return ended;
}

it.concurrent("activeDeadlineSeconds ends the pod: the run says who deleted it", async () => {
  const run = await editWhileRunning("deadline", slow, patch({ activeDeadlineSeconds: 1 }));
  expect(run.status?.failure).toMatchObject({ reason: "PodDeleted", retryable: true });
  expect(verdict(run).message).toContain("DeadlineExceeded");
});

it.concurrent.each<[string, object]>([
  ["completions", { parallelism: 3, completions: 1 }],
  ["ttl", { ttlSecondsAfterFinished: 0 }],
  ["backoff", { backoffLimit: 3 }],
  ["owner", {}],
])("%s: a run that ends well is not disturbed", async (name, spec) => {
  const edit: Edit =
    name === "owner"
      ? (job) => stage.kubectl("patch", "job", job, "--type=merge", "-p", '{"metadata":{"ownerReferences":null}}')
      : patch(spec);
  const { status } = await editWhileRunning(name, short, edit);
  expect(status).toMatchObject({ phase: "Succeeded", attempt: 1, result: { text: "Done." } });
});

it.concurrent("completions cannot be raised: the API server rejects it", async () => {
  await stage.create(stage.run("raised", short));
  const { status } = await stage.shows("raised", "Running");
  await expect(patch({ completions: 2 })(status?.job?.name ?? "")).rejects.toThrow("completions");
  expect((await stage.ended("raised")).status?.phase).toBe("Succeeded");
});

it.concurrent("backoffLimit: a run that fails runs once, whatever pods its Job makes afterwards", async () => {
  const run = await editWhileRunning("again", slow, patch({ backoffLimit: 1_000_000 }), { activeDeadlineSeconds: 10 });
  expect(run.status).toMatchObject({ phase: "Failed", attempt: 1, failure: { reason: "DeadlineExceeded" } });
});

it.concurrent("--cascade=orphan: the run ends as its pod does", async () => {
  const orphan: Edit = (job) => stage.kubectl("delete", "job", job, "--cascade=orphan");
  const { status } = await editWhileRunning("orphan", short, orphan);
  expect(status).toMatchObject({ phase: "Succeeded", attempt: 1, result: { text: "Done." } });
});

describe("before admission, while a quota refuses its pod", () => {
  let held: Stage;
  const edits: readonly [name: string, command: (job: string) => string[], reason: string][] = [
    ["without-pods", (job) => ["patch", "job", job, "-p", '{"spec":{"parallelism":0}}'], "Cancelled"],
    ["deleted", (job) => ["delete", "job", job, "--wait=false"], "Completed"],
    ["orphaned", (job) => ["delete", "job", job, "--cascade=orphan", "--wait=false"], "Completed"],
    ["ended", (job) => ["patch", "job", job, "-p", '{"spec":{"activeDeadlineSeconds":1}}'], "Completed"],
    ["short-lived", (job) => ["patch", "job", job, "-p", '{"spec":{"ttlSecondsAfterFinished":0}}'], "Completed"],
    ["unmanaged", (job) => ["label", "job", job, "app.kubernetes.io/managed-by-"], "Completed"],
    ["unowned", (job) => ["patch", "job", job, "-p", '{"metadata":{"ownerReferences":null}}'], "Completed"],
  ];

  beforeAll(async () => {
    held = await Stage.open("held-jobs");
    await held.kubectl("create", "quota", "no-pods", "--hard=pods=0");
    await held.create(...edits.map(([name]) => held.run(name, text, { startDeadlineSeconds: 600 })));
    for (const [name, command] of edits) {
      await held.told(name, "exceeded quota");
      const query = ["get", "jobs", "-l", `paperclip.io/run=${name}`, "-o", "jsonpath={.items[0].metadata.name}"];
      await held.kubectl(...command(await held.kubectl(...query)));
    }
    await held.shows("without-pods", "JobSuspended");
    await held.change("without-pods", { cancel: true });
    await held.kubectl("delete", "quota", "no-pods");
  }, 300_000);
  afterAll(() => held.close());

  it.each(edits)("a Job that is %s does not keep its agent from running", async (name, _, reason) => {
    expect(verdict(await held.ended(name)).reason).toBe(reason);
    await held.create(held.run(`${name}-next`, text, { agent: name }));
    expect((await held.ended(`${name}-next`)).status?.phase).toBe("Succeeded");
  });
});
