/** Install, upgrade, rollback and uninstall while agents run: nothing that runs is disturbed, and nothing is left that cannot go. */
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { kubectl } from "../cluster/kubectl.ts";
import { Stage, verdict } from "../e2e/stage.ts";
import { chart } from "./render.ts";
import { agentImage, installOperator, operatorImage, operatorNamespace, release } from "../install.ts";

const run = promisify(execFile);
const checkout = fileURLToPath(new URL("../..", import.meta.url));
const previousImage = "localhost/claude-run/operator:previous";
const say = (line: string): void => console.error(line);
const previous = mkdtempSync(join(tmpdir(), "claude-run-chart-"));
let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open("chart");
  await unpackPrevious();
});
afterAll(async () => {
  await installOperator(say);
  await stage.close();
  rmSync(previous, { recursive: true, force: true });
});

/** Chart and operator as they were before the last commit that changed the chart; the bundles on today's image of Node. */
async function unpackPrevious(): Promise<void> {
  const git = async (...args: string[]): Promise<string> => (await run("git", args, { cwd: checkout })).stdout.trim();
  const [, before = ""] = (await git("rev-list", "-2", "HEAD", "--", "charts")).split("\n");
  expect(before, "the clone has the history of charts/").not.toBe("");
  await git("archive", `--output=${previous}/all.tar`, before);
  await run("tar", ["-xf", "all.tar"], { cwd: previous });
  symlinkSync(join(checkout, "node_modules"), join(previous, "node_modules"));
  await run(process.execPath, ["tools/build.ts"], { cwd: previous });
  writeFileSync(join(previous, "dist/Dockerfile"), `FROM ${operatorImage}\nCOPY operator.mjs runner.mjs /app/\n`);
  const withDocker = await run("docker", ["info"]).then(
    () => true,
    () => false,
  );
  const build = withDocker ? ["docker", "build"] : ["buildah", "bud", "--pull-never"];
  await run(build[0] ?? "", [...build.slice(1), "-t", previousImage, join(previous, "dist")]);
  await run(join(checkout, "test/cluster/cluster"), ["load", previousImage]);
}

async function helm(...args: string[]): Promise<string> {
  return (await run("helm", ["--namespace", operatorNamespace, ...args, "--timeout=120s"])).stdout;
}

/** The container of a run: the same answer later means that nothing touched it. */
async function container(name: string): Promise<string> {
  const [pod, ...others] = await stage.pods(name);
  expect(others).toEqual([]);
  expect(pod?.metadata.deletionTimestamp).toBeUndefined();
  return JSON.stringify([pod?.metadata.uid, pod?.status.containerStatuses?.map(({ state }) => state)]);
}

async function operates(name: string): Promise<void> {
  await stage.create(stage.run(name, [{ text: "done" }]));
  expect((await stage.ended(name)).status?.phase).toBe("Succeeded");
}

it("runs in flight are not disturbed by an upgrade, a rollback, and an uninstall", async () => {
  await helm("uninstall", release, "--wait");
  expect(await kubectl(["get", "crd", "clauderuns.paperclip.io", "-o", "name"])).toContain("clauderuns");
  const images = ["--set", `image=${previousImage}`, "--set", `run.image=${agentImage}`];
  await helm("install", release, join(previous, "charts/claude-run-operator"), "--wait", ...images);
  const works = stage.run("works", [{ text: "worked through", delayMs: 200_000 }], { agent: "busy" });
  await stage.create(works, stage.run("drained", [{ hang: true }]));
  await Promise.all(["works", "drained"].map((name) => stage.shows(name, "Running")));
  await stage.create(stage.run("waits", [{ text: "its turn came" }], { agent: "busy" }));
  const [before, drained] = await Promise.all(["works", "drained"].map(container));

  await installOperator(say);
  await operates("after-upgrade");
  await helm("rollback", release, "1", "--wait");
  await operates("after-rollback");
  await installOperator(say);
  expect(await container("works")).toBe(before);
  expect(await container("drained")).toBe(drained);
  expect((await stage.get("waits")).status?.phase).toBe("Queued");

  await helm("uninstall", release, "--wait");
  expect(await container("works")).toBe(before);
  // A drain meanwhile: the pod ends, and waits for an operator.
  const [pod] = await stage.pods("drained");
  await stage.kubectl("delete", "pod", pod?.metadata.name ?? "", "--wait=false", "--grace-period=1");
  const ended = async (): Promise<boolean> => {
    const [left] = await stage.pods("drained");
    return left?.status.containerStatuses?.[0]?.state.terminated !== undefined;
  };
  await stage.until("the drained pod's container has ended", ended);
  expect((await stage.pods("drained"))[0]?.metadata.finalizers).toContain("paperclip.io/record-result");
  const page = readFileSync(new URL("../../docs/operations.md", import.meta.url), "utf8");
  const [, command = ""] = /```sh\n(kubectl get pods -A .*)\n```/.exec(page) ?? [];
  expect(command).not.toBe("");
  await run("sh", ["-c", command]);
  await stage.until("the drained pod is gone", async () => (await stage.pods("drained")).length === 0);
  expect(await container("works")).toBe(before);

  await installOperator(say);
  expect((await stage.ended("works", 230)).status).toMatchObject({
    phase: "Succeeded",
    result: { text: "worked through" },
  });
  expect((await stage.ended("waits")).status).toMatchObject({ phase: "Succeeded", result: { text: "its turn came" } });
  expect((await stage.ended("drained")).status?.phase).toBe("Failed");
}, 560_000);

it("a run that says nothing has the chart's deadline", async () => {
  await installOperator(say, { values: { "run.activeDeadlineSeconds": "2" } });
  await stage.create(
    stage.run("endless", [{ hang: true }]),
    stage.run("longer", [{ text: "done", delayMs: 4_000 }], { activeDeadlineSeconds: 60 }),
  );
  expect(verdict(await stage.ended("endless"))).toMatchObject({ reason: "DeadlineExceeded" });
  expect((await stage.ended("longer")).status?.phase).toBe("Succeeded");
});

it("an install without image names makes no pod and asks for them; named, the operator starts", async () => {
  const namespace = ["--namespace", stage.namespace];
  // Beside the installed one: in this namespace only, and without a CRD of its own.
  const values = ["--set", "crd.install=false", "--set", `watchNamespaces={${stage.namespace}}`];
  expect(await helm("install", "asks", chart, ...namespace, ...values, "--wait")).toContain("the operator waits");
  const pods = ["get", "pods", "-l", "app.kubernetes.io/instance=asks", "-o", "name"];
  expect(await stage.kubectl(...pods)).toBe("");
  const images = ["--set", `image=${operatorImage}`, "--set", `run.image=${agentImage}`];
  await helm("upgrade", "asks", chart, ...namespace, "--reuse-values", ...images, "--wait");
  expect((await stage.kubectl(...pods)).trim().split("\n")).toHaveLength(2);
  await helm("uninstall", "asks", ...namespace, "--wait");
});
