import { afterEach, beforeEach, expect, it } from "vitest";
import { Connection } from "../kube/connection.ts";
import { listRuns } from "./list-runs.ts";
import { runsPath } from "./paths.ts";
import { ApiServer } from "../kube/testing/api-server.ts";

let api: ApiServer;
let connection: Connection;

beforeEach(async () => {
  api = await new ApiServer().listen();
  connection = Connection.load({ kubeconfig: api.kubeconfigFile() }, { userAgent: "test/1" });
});

afterEach(async () => {
  connection.close();
  await api.close();
});

const names = Array.from({ length: 60 }, (_, index) => `run-${String(index).padStart(2, "0")}`);
const limits = (): (string | null)[] =>
  api.requests.filter(({ verb }) => verb === "list clauderuns").map(({ query }) => query.get("limit"));

async function store(promptBytes: number): Promise<void> {
  for (const name of names) {
    const body = { metadata: { name }, spec: { agent: "reviewer", prompt: "x".repeat(promptBytes) } };
    await connection.request("POST", runsPath("team"), { body });
  }
}

it("reads small runs in one page", async () => {
  await store(10);
  const { items } = await listRuns(connection, { namespace: "team" });
  expect(items.map(({ metadata }) => metadata.name)).toEqual(names);
  expect(limits()).toEqual(["250"]);
});

it("reads runs that are too large for one response in smaller pages", async () => {
  await store(1_300_000);
  const { items } = await listRuns(connection, { namespace: "team" });
  expect(items.map(({ metadata }) => metadata.name)).toEqual(names);
  expect(limits().slice(0, 4)).toEqual(["250", "125", "62", "31"]);
});
