/**
 * The ways out for somebody who removed the operator while runs were in flight: kubectl claude, and the command in
 * docs/operations.md as it stands there.
 */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { claude } from "../kubectl/claude.ts";
import { scaleOperator } from "./operator-settings.ts";
import { Stage } from "./stage.ts";

let stage: Stage;
let other: Stage;
beforeAll(async () => {
  [stage, other] = await Promise.all([Stage.open("uninstalled"), Stage.open("released")]);
});
afterAll(async () => {
  await scaleOperator(2);
  await Promise.all([stage.close(), other.close()]);
});

/** Deletes the pod of the run that hangs there; it stays, as nobody records its result. */
async function deletePod(where: Stage): Promise<void> {
  const [pod] = await where.pods("hangs");
  await where.kubectl("delete", "pod", pod?.metadata.name ?? "", "--wait=false", "--grace-period=1");
  const [held] = await where.pods("hangs");
  expect(held?.metadata.finalizers).toContain("paperclip.io/record-result");
}

it("one command sets pods free that wait for an operator", async () => {
  for (const each of [stage, other]) await each.create(each.run("hangs", [{ hang: true }]));
  await Promise.all([stage, other].map((each) => each.shows("hangs", "Running")));
  expect(await claude(["release", "-n", other.namespace])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("It records the results and releases the pods itself") as string,
  });
  await scaleOperator(0);
  await Promise.all([deletePod(stage), deletePod(other)]);

  const [pod] = await other.pods("hangs");
  expect(await claude(["release", "-n", other.namespace])).toEqual({
    code: 0,
    stdout: `pod ${other.namespace}/${pod?.metadata.name ?? ""} released\n`,
    stderr: "",
  });
  await other.until("the pod is gone", async () => (await other.pods("hangs")).length === 0);

  const page = readFileSync(new URL("../../docs/operations.md", import.meta.url), "utf8");
  const [, command = ""] = /```sh\n(kubectl get pods -A .*)\n```/.exec(page) ?? [];
  expect(command).not.toBe("");
  await promisify(execFile)("sh", ["-c", command]);

  await stage.until("the pod is gone", async () => (await stage.pods("hangs")).length === 0);
});
