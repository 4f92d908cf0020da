/** The parts of the test's API server whose faults would hide faults of its clients. */
import { afterEach, beforeEach, expect, it } from "vitest";
import { parseKubeconfig } from "../access.ts";
import { Connection } from "../connection.ts";
import { ApiServer } from "./api-server.ts";

const runs = "/apis/paperclip.io/v1alpha1/namespaces/agents/clauderuns";
let server: ApiServer;
let connection: Connection;

beforeEach(async () => {
  server = await new ApiServer().listen();
  connection = new Connection(parseKubeconfig(server.kubeconfig()), { userAgent: "test" });
  server.put("clauderuns", { metadata: { name: "one" }, spec: { agent: "a" } });
});
afterEach(async () => {
  connection.close();
  await server.close();
});

it("changes only the status by a request to the status subresource", async () => {
  for (const method of ["PUT", "PATCH"] as const) {
    const body = { metadata: {}, spec: { agent: "b" }, status: { phase: method } };
    await connection.request(method, `${runs}/one/status`, { body });
    expect(server.get("clauderuns", "one")).toMatchObject({ spec: { agent: "a" }, status: { phase: method } });
  }
});

it.each([
  [409, "a change of an older version", `${runs}/one`, { metadata: { resourceVersion: "1" } }],
  [409, "a change of a deleted object of this name", `${runs}/one`, { metadata: { uid: "other" } }],
  [415, "a patch by operations", `${runs}/one`, []],
  [404, "an object of another namespace", `${runs.replace("agents", "team")}/one`, {}],
  [404, "an object of another version", `${runs.replace("v1alpha1", "v1")}/one`, {}],
])("answers %i to %s", async (code, _, path, body) => {
  await expect(connection.once("PATCH", path, { body })).rejects.toMatchObject({ code });
});
