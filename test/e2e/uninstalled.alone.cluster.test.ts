/** The way out for somebody who removed the operator while runs were in flight: the command in docs/operations.md, as it stands there. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { kubectl } from "../cluster/kubectl.ts";
import { operatorNamespace, release } from "../install.ts";
import { Stage } from "./stage.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open("uninstalled");
});
afterAll(async () => {
  await scale(2);
  await stage.close();
});

const operator = (...args: string[]): Promise<string> => kubectl(["-n", operatorNamespace, ...args]);

async function scale(replicas: number): Promise<void> {
  await operator("scale", `deployment/${release}`, `--replicas=${replicas}`);
  if (replicas > 0) await operator("rollout", "status", `deployment/${release}`, "--timeout=60s");
  else await operator("wait", "pods", "-l", "app.kubernetes.io/component=operator", "--for=delete", "--timeout=60s");
}

it("one command sets a pod free that waits for an operator", async () => {
  await stage.create(stage.run("hangs", [{ hang: true }]));
  const { status } = await stage.shows("hangs", "Running");
  await scale(0);
  await stage.kubectl("delete", "pod", status?.pod?.name ?? "", "--wait=false", "--grace-period=1");
  const [pod] = await stage.pods("hangs");
  expect(pod?.metadata.finalizers).toContain("paperclip.io/record-result");

  const page = readFileSync(new URL("../../docs/operations.md", import.meta.url), "utf8");
  const [, command = ""] = /```sh\n(kubectl get pods -A .*)\n```/.exec(page) ?? [];
  expect(command).not.toBe("");
  await promisify(execFile)("sh", ["-c", command]);

  await stage.until("the pod is gone", async () => (await stage.pods("hangs")).length === 0);
});
