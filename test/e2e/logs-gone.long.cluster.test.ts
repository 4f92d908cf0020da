/** What becomes of a finished run whose pod goes: the condition that says that the log is gone. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { Stage } from "./stage.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open("logs-gone");
});
afterAll(() => stage.close());

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
