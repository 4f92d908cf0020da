import { expect, it } from "vitest";
import type { Connection } from "../kube/connection.ts";
import { TrackedRuns } from "./tracked-runs.ts";

const run = { namespace: "agents", name: "pc-1", runId: "1", secrets: [] };

it("finds a run by any URL of the API server, so that garbage collection by another URL does not cancel it", () => {
  const runs = new TrackedRuns();
  const leave = runs.track({ ...run, connection: { server: "https://10.0.0.1:6443" } as Connection });
  const byAnotherUrl = { ...run, connection: { server: "https://kubernetes.default.svc" } as Connection };
  expect(runs.isTracked(byAnotherUrl)).toBe(true);
  leave("not created");
  expect(runs.isTracked(byAnotherUrl)).toBe(false);
});
