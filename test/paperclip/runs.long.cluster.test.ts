/** The real Paperclip server runs its agents through the adapter on the real cluster: what becomes of a run that may end by itself. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Office } from "./office.ts";

let office: Office;
beforeAll(async () => {
  office = await Office.open("paperclip");
});
afterAll(() => office.close());

/** JavaScript for a pod: calls the host as the run, with the run's own token. */
const callback = `
const e = process.env, issue = e.PAPERCLIP_API_URL + "/api/issues/" + e.PAPERCLIP_TASK_ID;
const ask = async (method, url, body) => {
  const headers = { authorization: "Bearer " + e.PAPERCLIP_API_KEY, "x-paperclip-run-id": e.PAPERCLIP_RUN_ID };
  const answer = await fetch(url, { method, headers: { ...headers, "content-type": "application/json" }, body: JSON.stringify(body) });
  console.log(method, answer.status);
};
await ask("POST", issue + "/comments", { body: "from the pod" });
await ask("PATCH", issue, { status: "done" });
`;
const calls = `node --input-type=module -e "$(echo ${Buffer.from(callback).toString("base64")} | base64 -d)"`;

describe("a run that Paperclip starts", () => {
  it("succeeds, with its tools, its transcript, its usage, its cost and its session", async () => {
    const agent = await office.agent("Worker");
    const turns = [{ tool: "Bash", input: { command: "echo from the tool" } }, { text: "All done." }];
    const issue = await office.issue(agent, turns);
    const { id } = await office.nth(issue);
    const run = await office.ended(id);
    expect(run, await office.output(id, "stderr")).toMatchObject({ status: "succeeded", errorCode: null });
    const claudeRun = await office.finished(id);
    expect(claudeRun.status?.phase).toBe("Succeeded");
    expect(run).toMatchObject({
      sessionIdAfter: claudeRun.status?.session?.id,
      usageJson: { inputTokens: 200, outputTokens: 20, costUsd: 0.0012 },
      resultJson: { result: "All done.", reason: "Completed" },
    });
    const stdout = await office.output(id, "stdout");
    expect(stdout).toContain("from the tool");
    expect(stdout).not.toContain('"type":"runner"');
    // What the host offers the run: its operational skill and two MCP servers, which the pod reaches.
    const init = JSON.parse(stdout.split("\n").find((line) => line.includes('"subtype":"init"')) ?? "{}") as {
      mcp_servers?: { name: string; status: string }[];
      skills?: string[];
    };
    expect(init.skills).toContain("paperclip");
    expect(init.mcp_servers?.map(({ name, status }) => `${name} ${status}`).toSorted()).toEqual([
      "Paperclip-connections connected",
      "Paperclip-projects connected",
    ]);
  });

  it("calls back from its pod with its own token: its comment is there and its issue is done", async () => {
    const agent = await office.agent("Caller");
    const issue = await office.issue(agent, [{ tool: "Bash", input: { command: calls } }, { text: "Reported." }]);
    const { id } = await office.nth(issue);
    expect(await office.ended(id), await office.output(id, "stdout")).toMatchObject({ status: "succeeded" });
    expect(await office.output(id, "stdout")).toMatch(/POST 201.*PATCH 200/s);
    const comments = await office.server.get<{ body: string; createdByRunId: string }[]>(
      `/api/issues/${issue}/comments`,
    );
    expect(comments.find(({ body }) => body === "from the pod")).toMatchObject({ createdByRunId: id });
    expect(await office.server.get(`/api/issues/${issue}`)).toMatchObject({ status: "done" });
  });
});
