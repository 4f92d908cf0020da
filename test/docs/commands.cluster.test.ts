/** Every command of the pages that leave the operator alone. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { kubectl } from "../cluster/kubectl.ts";
import { Stage } from "../e2e/stage.ts";
import { operatorNamespace } from "../install.ts";
import { pagesRunAlone, runPage } from "./commands.ts";
import { blocksOf, pages } from "./pages.ts";
import { Shell } from "./shell.ts";

const withCommands = pages.filter(
  (page) => !pagesRunAlone.includes(page) && blocksOf(page).some(({ language }) => language === "sh"),
);

let stage: Stage;
let shell: Shell;
beforeAll(async () => {
  await forgetOperatorsNamespace();
  stage = await Stage.open("docs");
  shell = await Shell.open(stage.namespace);
  // The run that the pages speak of: getting-started.md leaves it behind.
  expect((await shell.run("kubectl apply -f examples/hello.yaml")).code).toBe(0);
  await stage.ended("hello");
});
afterAll(async () => {
  shell.close();
  await stage.close();
  await forgetOperatorsNamespace();
});

/** What docs/adapter.md makes outside the stage's namespace. */
async function forgetOperatorsNamespace(): Promise<void> {
  await kubectl(["delete", "rolebinding", "paperclip", "--namespace", operatorNamespace, "--ignore-not-found"]);
}

it.each(withCommands)("%s", async (page) => {
  await runPage(page, shell);
});
