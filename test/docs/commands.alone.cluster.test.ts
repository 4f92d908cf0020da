/** The pages of who installs and operates it, from nothing: the operator is not there when the first begins. */
import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, expect, it } from "vitest";
import { kubectl } from "../cluster/kubectl.ts";
import { installOperator, operatorNamespace, release } from "../install.ts";
import { pagesRunAlone, runPage } from "./commands.ts";
import { Shell } from "./shell.ts";

const namespace = `docs-alone-${process.pid}`;
let shell: Shell;
beforeAll(async () => {
  await kubectl(["create", "namespace", namespace]);
  await kubectl(["label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted"]);
  shell = await Shell.open(namespace);
  execFileSync("helm", ["uninstall", release, "--namespace", operatorNamespace, "--wait"], { stdio: "pipe" });
  // What an operator that was there before has left: a first install finds none.
  await kubectl(["delete", "lease", release, "--namespace", operatorNamespace, "--ignore-not-found"]);
});
afterAll(async () => {
  shell.close();
  await installOperator((line) => console.error(line));
  await kubectl(["delete", "namespace", namespace, "--wait=false"]);
});

it.each(pagesRunAlone)("%s", async (page) => {
  expect(await runPage(page, shell)).toBeGreaterThan(0);
});
