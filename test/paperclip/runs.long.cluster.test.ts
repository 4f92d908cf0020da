/** The real Paperclip server runs agents through the adapter on the real cluster: runs that end by themselves. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Turn } from "../e2e/stage.ts";
import { claimName, openWorkspace } from "../e2e/workspace.ts";
import { eventually } from "../eventually.ts";
import { Office } from "./office.ts";

let office: Office;
let volume: { close: () => Promise<void> };
beforeAll(async () => {
  office = await Office.open("paperclip");
  volume = await openWorkspace(office.stage);
  const key = "--from-literal=CLAUDE_CODE_OAUTH_TOKEN=not-real";
  await office.stage.kubectl("create", "secret", "generic", "subscription", key);
});
afterAll(async () => {
  await office.close();
  await volume.close();
});

/** A directory of the node knows no fsGroup: the one below it that was made for user 1000. */
const kept = { workspaceVolumeClaim: claimName, workspaceSubPath: "work" };
const tool = (command: string): Turn => ({ tool: "Bash", input: { command } });

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
    const issue = await office.issue(agent, [tool("echo from the tool"), { text: "All done." }]);
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
    // The host offers the run its operational skill and two MCP servers, which the pod reaches.
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
    const issue = await office.issue(agent, [tool(calls), { text: "Reported." }]);
    const { id } = await office.nth(issue);
    expect(await office.ended(id), await office.output(id, "stdout")).toMatchObject({ status: "succeeded" });
    expect(await office.output(id, "stdout")).toMatch(/POST 201.*PATCH 200/s);
    const comments = await office.server.get<{ body: string; createdByRunId: string }[]>(
      `/api/issues/${issue}/comments`,
    );
    expect(comments.find(({ body }) => body === "from the pod")).toMatchObject({ createdByRunId: id });
    expect(await office.server.get(`/api/issues/${issue}`)).toMatchObject({ status: "done" });
  });

  it("goes on in its session when its issue is commented on, on the volume that holds it", async () => {
    const agent = await office.agent("Resumer", { config: kept });
    const issue = await office.issue(agent, [tool("echo PINEAPPLE > word.txt"), { text: "Written." }]);
    const first = await office.ended((await office.nth(issue)).id);
    expect(first.status, first.error ?? "").toBe("succeeded");
    await office.comment(issue, [tool("cat word.txt"), { text: "It says so." }]);
    const second = await eventually(
      "a run has read the file that the first has written",
      async () => {
        for (const { id } of (await office.runsOf(issue)).slice(1)) {
          const stdout = await office.output(id, "stdout");
          if (stdout.includes('"content":"PINEAPPLE"') && stdout.includes("It says so.")) return office.ended(id);
        }
        return undefined;
      },
      120_000,
    );
    expect(second).toMatchObject({ status: "succeeded", sessionIdAfter: first.sessionIdAfter });
    const claudeRun = await office.finished(second.id);
    expect(claudeRun.spec.session?.resume).toBe(first.sessionIdAfter);
  });

  it("that reaches its turn limit is max_turns_exhausted, and the host continues with another run", async () => {
    const agent = await office.agent("Turner", { config: { maxTurnsPerRun: 1 } });
    const issue = await office.issue(agent, [tool("true"), tool("true"), { text: "Never said." }]);
    const { id } = await office.nth(issue);
    const run = await office.ended(id);
    expect(run).toMatchObject({ status: "failed", errorCode: "max_turns_exhausted" });
    expect((await office.finished(id)).status?.failure?.reason).toBe("MaxTurns");
    expect((await office.nth(issue, 1)).id).not.toBe(id);
  });

  it("that meets a usage limit is tried again when the limit is over, in the same session", async () => {
    const resetMs = Date.now() + 20_000;
    const limit = {
      status: 429,
      type: "rate_limit_error",
      message: "limited",
      times: 1,
      headers: {
        "x-should-retry": "false",
        "anthropic-ratelimit-unified-status": "rejected",
        "anthropic-ratelimit-unified-reset": String(Math.ceil(resetMs / 1_000)),
        "anthropic-ratelimit-unified-representative-claim": "five_hour",
      },
    };
    const config = { ...kept, credentialsSecretName: "subscription" };
    const agent = await office.agent("Patient", { config });
    const issue = await office.issue(agent, [limit, { text: "Recovered." }]);
    const { id } = await office.nth(issue);
    const run = await office.ended(id);
    expect(run).toMatchObject({ status: "failed", errorCode: "provider_quota" });
    const retry = await office.nth(issue, 1);
    expect(["scheduled_retry", "queued", "running"]).toContain(retry.status);
    const second = await office.ended(retry.id, 150);
    expect(second).toMatchObject({ status: "succeeded", sessionIdAfter: run.sessionIdAfter });
    const { metadata } = await office.finished(retry.id);
    expect(Date.parse(metadata.creationTimestamp)).toBeGreaterThanOrEqual(resetMs - 1_000);
  });

  it("past timeoutSec is timed_out for the host", async () => {
    const agent = await office.agent("Slow", { config: { timeoutSec: 8 } });
    const issue = await office.issue(agent, [{ hang: true }]);
    const { id } = await office.nth(issue);
    expect(await office.ended(id)).toMatchObject({ status: "timed_out", errorCode: "timeout" });
    expect((await office.finished(id)).status?.failure?.reason).toBe("DeadlineExceeded");
  });
});

describe("two runs at once", () => {
  it("of two agents run side by side", async () => {
    const turns: Turn[] = [{ text: "Done.", delayMs: 15_000 }];
    const agents = [await office.agent("One"), await office.agent("Other")];
    const issues = await Promise.all(agents.map((agent) => office.issue(agent, turns)));
    const runs = await Promise.all(issues.map((issue) => office.nth(issue)));
    const running = await Promise.all(runs.map(({ id }) => office.inPhase(id, "Running")));
    const starts = running.map(({ status }) => Date.parse(status?.startTime ?? ""));
    const ended = await Promise.all(runs.map(({ id }) => office.ended(id)));
    expect(ended.map(({ status }) => status)).toEqual(["succeeded", "succeeded"]);
    const ends = (await Promise.all(runs.map(({ id }) => office.finished(id)))).map(({ status }) =>
      Date.parse(status?.completionTime ?? ""),
    );
    expect(Math.max(...starts)).toBeLessThan(Math.min(...ends));
  });

  it("of one agent run one after the other: the second waits, and says so", async () => {
    const agent = await office.agent("Busy");
    const first = await office.nth(await office.issue(agent, [{ text: "First.", delayMs: 8_000 }]));
    await office.inPhase(first.id, "Running");
    const second = await office.nth(await office.issue(agent, [{ text: "Second." }]));
    await office.inPhase(second.id, "Queued");
    const ended = [await office.ended(first.id), await office.ended(second.id)];
    expect(ended.map(({ status }) => status)).toEqual(["succeeded", "succeeded"]);
    expect(await office.output(second.id, "stdout")).toMatch(/is queued, position 1/);
    const [one, other] = [await office.finished(first.id), await office.finished(second.id)];
    expect(Date.parse(other.status?.startTime ?? "")).toBeGreaterThanOrEqual(
      Date.parse(one.status?.completionTime ?? ""),
    );
  });
});
