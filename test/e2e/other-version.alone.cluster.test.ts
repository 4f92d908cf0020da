/** Jobs and gated pods that another version of the operator made before it was replaced. */
import { afterAll, beforeAll, expect, it } from "vitest";
import type { V1Job } from "@kubernetes/client-node";
import type { ClaudeRun } from "../../crds/claude-run.ts";
import { kubectl } from "../cluster/kubectl.ts";
import { scaleOperator } from "./operator-settings.ts";
import { Stage } from "./stage.ts";

let stage: Stage;
/** A Job as this version makes it, to make others of. */
let model: { readonly job: string; readonly run: ClaudeRun };

const text = [{ text: "Done." }];

beforeAll(async () => {
  stage = await Stage.open("other-version");
  await stage.create(stage.run("model", text));
  const run = await stage.ended("model");
  const job = await stage.kubectl("get", "job", run.status?.job?.name ?? "", "-o", "json");
  model = { job, run };
});
afterAll(async () => {
  await scaleOperator(2);
  await stage.close();
});

/** Creates the run and, as the other version did, its Job. Returns the Job's uid; its pod exists and has its gate. */
async function makeAs(name: string, change: (job: string) => string): Promise<string> {
  await stage.create(stage.run(name, text));
  const { uid } = (await stage.get(name)).metadata;
  const { metadata } = model.run;
  const its = model.job
    .replaceAll(`model-${metadata.uid.slice(0, 8)}-1`, `${name}-${uid.slice(0, 8)}-1`)
    .replaceAll(metadata.uid, uid)
    .replaceAll('"model"', `"${name}"`);
  const job = JSON.parse(change(its)) as V1Job;
  const { labels = {}, annotations = {}, ownerReferences = [] } = job.metadata ?? {};
  const own = Object.fromEntries(Object.entries(labels).filter(([key]) => !/controller-uid|job-name/.test(key)));
  const { selector, template, ...spec } = job.spec ?? { template: {} };
  expect(selector).toBeDefined();
  await kubectl(["create", "-f", "-"], {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name: job.metadata?.name, namespace: stage.namespace, labels: own, annotations, ownerReferences },
    spec: { ...spec, template: { metadata: { labels: own, annotations }, spec: template.spec } },
  });
  await stage.until("its pod exists", async () => (await stage.pods(name)).length === 1);
  expect((await stage.pods(name))[0]?.spec.schedulingGates).toHaveLength(1);
  return stage.kubectl("get", "job", job.metadata?.name ?? "", "-o", "jsonpath={.metadata.uid}");
}

/** A version that had the pod execute the file in the mount, and listed no digests. */
function withoutDigests(text: string): string {
  const job = JSON.parse(text) as V1Job;
  const [claude] = job.spec?.template.spec?.containers ?? [];
  if (claude !== undefined) claude.command = ["node", "/run/claude-run/runner/runner.mjs"];
  return JSON.stringify(job);
}

it("a gated pod without digests starts, one with other digests is made again, one without its runner ends", async () => {
  await scaleOperator(0);
  const old = await makeAs("old", withoutDigests);
  const other = await makeAs("other", (job) => job.replace(/(prompt\\":\\")[0-9a-f]{64}/, `$1${"0".repeat(64)}`));
  const runner = "claude-run-runner-0123456789ab";
  await makeAs("lost", (job) => job.replaceAll(/claude-run-runner-[0-9a-f]{12}/g, runner));
  await scaleOperator(2);
  expect((await stage.ended("old")).status).toMatchObject({ phase: "Succeeded", job: { uid: old } });
  const again = await stage.ended("other");
  expect(again.status?.phase).toBe("Succeeded");
  expect(again.status?.job?.uid).not.toBe(other);
  const { status } = await stage.ended("lost");
  expect(status?.failure?.reason).toBe("RunnerChanged");
  expect(status?.failure?.message).toContain(runner);
});
