/** A run without output for ten minutes, with two servers on one database: no server may treat it as dead. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { Office } from "./office.ts";

let office: Office;
beforeAll(async () => {
  office = await Office.open("paperclip-silent");
});
afterAll(() => office.close());

it(
  "case 24: a run that is silent for ten minutes is not reaped, though a second server looks on",
  { timeout: 900_000 },
  async () => {
    await office.startAnother();
    const agent = await office.agent("Silent");
    // claude does not let a bare sleep of this length run.
    const command = "node -e 'setTimeout(() => console.log(0), 305_000)'";
    const sleep = { tool: "Bash", input: { command, timeout: 600_000 } };
    const issue = await office.issue(agent, [sleep, sleep, { text: "Awake." }]);
    const { id } = await office.nth(issue);
    const run = await office.ended(id, 780);
    expect(run, await office.output(id, "stderr")).toMatchObject({
      status: "succeeded",
      resultJson: { result: "Awake." },
    });
    const { status } = await office.finished(id);
    const tookMs = Date.parse(status?.completionTime ?? "") - Date.parse(status?.startTime ?? "");
    expect(tookMs).toBeGreaterThan(600_000);
  },
);
