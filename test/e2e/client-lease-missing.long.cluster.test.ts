/** clientLeaseName: a client that was to make its Lease and never did. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { Stage, verdict } from "./stage.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open("client-lease-missing");
});
afterAll(() => stage.close());

it("waits a minute for a Lease that does not exist", async () => {
  await stage.create(stage.run("early", [{ hang: true }], { clientLeaseName: "never" }));
  const run = await stage.ended("early", 120);
  expect(verdict(run)).toMatchObject({
    reason: "ClientLost",
    message: expect.stringContaining("does not exist") as string,
  });
  const { completionTime, queuedTime } = run.status ?? {};
  expect(Date.parse(completionTime ?? "") - Date.parse(queuedTime ?? "")).toBeGreaterThan(55_000);
});
