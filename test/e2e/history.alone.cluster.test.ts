/** What becomes of finished runs when there are many: the history limit. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { configureOperator } from "./operator-settings.ts";
import { Stage } from "./stage.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open("history");
});
afterAll(async () => {
  await configureOperator({ HISTORY_LIMIT: "" });
  await stage.close();
});

it("keeps the newest finished runs of each agent and never an unfinished one", async () => {
  await configureOperator({ HISTORY_LIMIT: "2" });
  for (const name of ["one", "two", "three", "four"]) {
    await stage.create(stage.run(name, [{ text: name }], { agent: "keeper" }));
    await stage.ended(name);
  }
  await stage.create(stage.run("asleep", [{ text: "later" }], { agent: "keeper", suspend: true }));
  await stage.shows("asleep", "Suspended");
  const left = ["asleep", "four", "three"];
  await stage.until("the oldest are gone", async () => {
    const names = (
      await stage.kubectl("get", "clauderuns", "-o", "jsonpath={.items[?(@.spec.agent=='keeper')].metadata.name}")
    ).split(" ");
    return names.sort().join() === left.join();
  });
  await stage.until("their pods are gone", async () => (await stage.pods("one")).length === 0);
  expect((await stage.get("asleep")).status?.phase).toBe("Queued");
});
