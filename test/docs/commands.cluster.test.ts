/** Every command of the pages that leave the operator alone. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { Stage } from "../e2e/stage.ts";
import { pagesRunAlone, runPage } from "./commands.ts";
import { blocksOf, pages } from "./pages.ts";
import { Shell } from "./shell.ts";

const withCommands = pages.filter(
  (page) => !pagesRunAlone.includes(page) && blocksOf(page).some(({ language }) => language === "sh"),
);

let stage: Stage;
let shell: Shell;
beforeAll(async () => {
  stage = await Stage.open("docs");
  shell = await Shell.open(stage.namespace);
  // The run that the pages speak of: getting-started.md leaves it behind.
  expect((await shell.run("kubectl apply -f examples/hello.yaml")).code).toBe(0);
  await stage.ended("hello");
});
afterAll(async () => {
  shell.close();
  await stage.close();
});

it.each(withCommands)("%s", async (page) => {
  await runPage(page, shell);
});
