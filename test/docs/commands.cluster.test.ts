/** Every command of the pages that leave the operator alone. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { kubectl } from "../cluster/kubectl.ts";
import { Stage } from "../e2e/stage.ts";
import { openWorkspace, type Volume } from "../e2e/workspace.ts";
import { operatorNamespace, release } from "../install.ts";
import { pagesRunAlone, runInline, runPage } from "./commands.ts";
import { blocksOf, inlineCommandsOf, pages } from "./pages.ts";
import { checkout, Shell } from "./shell.ts";

const withCommands = pages.filter(
  (page) => !pagesRunAlone.includes(page) && blocksOf(page).some(({ language }) => language === "sh"),
);

let stage: Stage;
let shell: Shell;
let volume: Volume;
beforeAll(async () => {
  await forgetOperatorsNamespace();
  stage = await Stage.open("docs");
  // The claim that docs/kubectl-claude.md names.
  volume = await openWorkspace(stage, "work");
  shell = await Shell.open(stage.namespace);
  // The run that the pages speak of: getting-started.md leaves it behind.
  expect((await shell.run("kubectl apply -f examples/hello.yaml")).code).toBe(0);
  await stage.ended("hello");
});
afterAll(async () => {
  shell.close();
  await stage.close();
  await volume.close();
  // What docs/kubectl-claude.md writes.
  rmSync(join(checkout, "review.md"), { force: true });
  await forgetOperatorsNamespace();
});

/** What docs/adapter.md makes outside the stage's namespace. */
async function forgetOperatorsNamespace(): Promise<void> {
  await kubectl(["delete", "rolebinding", "paperclip", "--namespace", operatorNamespace, "--ignore-not-found"]);
}

it.each(withCommands)("%s", async (page) => {
  await runPage(page, shell);
});

/** It takes away what others need. */
const isLast = (text: string): boolean => text.includes("delete ");
/** A rollback ends what other tests use; results are let go only while no operator works (test/e2e/uninstalled). */
const isRunElsewhere = (text: string): boolean => / rollback |^kubectl claude release /.test(text);

it("commands in sentences work unchanged", async () => {
  const commands = pages.flatMap(inlineCommandsOf).filter(({ text }) => !isRunElsewhere(text));
  expect(commands.length).toBeGreaterThan(5);
  expect((await shell.run("kubectl apply -f examples/hello.yaml")).code).toBe(0);
  const run = await stage.ended("hello");
  const inOperators = await kubectl(["get", "pods", "-n", operatorNamespace, "-o", "name"]);
  const operatorPod = inOperators.split("\n").find((name) => name.startsWith(`pod/${release}-`)) ?? "";
  const names = { RUN: "hello", NAME: "hello", AGENT: run.spec.agent };
  const ofOperator = commands.filter(({ text }) => text.includes("/proxy/"));
  await runInline(ofOperator, shell, { POD: operatorPod.slice("pod/".length) });
  const others = commands.filter((command) => !ofOperator.includes(command));
  const pod = run.status?.pod?.name ?? "";
  await runInline(
    others.toSorted((one, other) => Number(isLast(one.text)) - Number(isLast(other.text))),
    shell,
    { ...names, POD: pod },
  );
});
