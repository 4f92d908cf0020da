/** The way out for somebody who removed the operator while runs were in flight: the command in docs/operations.md, as it stands there. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { scaleOperator } from "./operator-settings.ts";
import { Stage } from "./stage.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open("uninstalled");
});
afterAll(async () => {
  await scaleOperator(2);
  await stage.close();
});

it("one command sets a pod free that waits for an operator", async () => {
  await stage.create(stage.run("hangs", [{ hang: true }]));
  const { status } = await stage.shows("hangs", "Running");
  await scaleOperator(0);
  await stage.kubectl("delete", "pod", status?.pod?.name ?? "", "--wait=false", "--grace-period=1");
  const [pod] = await stage.pods("hangs");
  expect(pod?.metadata.finalizers).toContain("paperclip.io/record-result");

  const page = readFileSync(new URL("../../docs/operations.md", import.meta.url), "utf8");
  const [, command = ""] = /```sh\n(kubectl get pods -A .*)\n```/.exec(page) ?? [];
  expect(command).not.toBe("");
  await promisify(execFile)("sh", ["-c", command]);

  await stage.until("the pod is gone", async () => (await stage.pods("hangs")).length === 0);
});
