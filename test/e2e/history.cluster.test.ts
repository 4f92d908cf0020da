/** What becomes of finished runs: the history limit, and the condition that says that the log is gone. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { configureOperator } from "./operator-settings.ts";
import { Stage } from "./stage.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open("history");
});
afterAll(async () => {
  await configureOperator({ HISTORY_LIMIT: "", REPORT_LOGS_GONE: "true" });
  await stage.close();
});

it("a finished run whose pod went by its TTL says so, and nothing else of it changes", async () => {
  await stage.create(stage.run("brief", [{ text: "done" }], { podTTLSecondsAfterFinished: 5 }));
  const ended = await stage.ended("brief");
  expect(ended.status?.conditions?.find(({ type }) => type === "LogsAvailable")?.status).toBe("True");
  await stage.kubectl("wait", "--for=condition=LogsAvailable=False", "clauderun/brief", "--timeout=150s");
  const { status } = await stage.get("brief");
  expect(status?.conditions?.find(({ type }) => type === "LogsAvailable")).toMatchObject({ reason: "PodGone" });
  const rest = (of: typeof status): unknown => ({
    ...of,
    conditions: of?.conditions?.filter(({ type }) => type !== "LogsAvailable"),
  });
  expect(rest(status)).toEqual(rest(ended.status));
  expect(await stage.pods("brief")).toEqual([]);
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
  expect((await stage.get("brief")).status?.phase).toBe("Succeeded");
});
