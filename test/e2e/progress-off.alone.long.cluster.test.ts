/** Where reading logs is switched off the operator has not even the right to. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { installOperator } from "../install.ts";
import { logReadTimes } from "./audit-log.ts";
import { Stage } from "./stage.ts";

const say = (line: string): void => console.error(line);
let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open("progress-off");
  await installOperator(say, { values: { progressIntervalSeconds: "0" } });
});
afterAll(async () => {
  await installOperator(say);
  await stage.close();
});

it("reads no log, and the run ends as it does otherwise", async () => {
  // Longer than any interval between two reads; claude refuses a bare sleep.
  const long = { tool: "Bash", input: { command: 'node -e "setTimeout(() => {}, 20000)"' } };
  await stage.create(stage.run("unwatched", [long, { text: "done" }]));
  const { status } = await stage.ended("unwatched");
  expect(status).toMatchObject({ phase: "Succeeded", result: { turns: 2 }, log: { complete: true } });
  expect(await logReadTimes(stage.namespace)).toEqual([]);
});
