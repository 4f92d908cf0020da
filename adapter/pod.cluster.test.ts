/** The contents of a pod that the adapter created, as its claude sees them. */
import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Stage } from "../test/e2e/stage.ts";
import { openWorkspace, placeClaude, withPlacedClaude } from "../test/e2e/workspace.ts";
import { AdapterState } from "./adapter-state.ts";
import { execute } from "./execute.ts";
import { runName } from "./spec/names.ts";
import { TestHost } from "./testing/host.ts";

/** Answers with the digest of its stdin, after its arguments and variables as an event of their own. */
const teller = `
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
const result = createHash("sha256").update(readFileSync(0)).digest("hex");
console.log(JSON.stringify({ type: "told", args: process.argv.slice(2), env: process.env }));
console.log(JSON.stringify({ type: "result", subtype: "success", is_error: false, num_turns: 1, session_id: "s", result }));
`;

const state = new AdapterState();
let stage: Stage;
let volume: { close: () => Promise<void> };
beforeAll(async () => {
  stage = await Stage.open("adapter-pod");
  volume = await openWorkspace(stage);
  await placeClaude(stage, teller);
});
afterAll(async () => {
  await stage.close();
  await volume.close();
});

function hostFor(config: Record<string, unknown>, context: Record<string, unknown> = {}): TestHost {
  return new TestHost({ config: { namespace: stage.namespace, ...withPlacedClaude, ...config }, context });
}

describe.concurrent("case 38: claude's stdin, from a run that the adapter made", () => {
  it.each([
    ["one byte", "/"],
    ["escapes, quotes and a command", "a\\cb $(id) $(HOME) \"quoted\" 'x' `y`\r\n\t\u{1f980}\u2028 \\n"],
    ["127 KiB", "x".repeat(127 * 1024)],
    ["129 KiB", "y".repeat(129 * 1024)],
    ["300 KiB of two-byte characters", "ü".repeat(150 * 1024)],
    ["1 MiB", `${"漢字🦊\n".repeat(95_324)}end`],
  ])("of %s is the prompt, byte for byte", async (_, promptTemplate) => {
    const host = hostFor({ promptTemplate });
    const result = await execute(state, host.context);
    expect(result, `${result.errorMessage ?? ""}\n${host.ownLines}`).toMatchObject({ exitCode: 0 });
    expect(result.summary).toBe(createHash("sha256").update(promptTemplate).digest("hex"));
  });
});

describe("case 40: the environment of a pod, as a whole", () => {
  it("has the run's identity, the agent's variables and the runner's, and nothing of the server's", async () => {
    process.env["DATABASE_URL"] = "postgres://not-for-pods";
    const config = {
      env: { ...withPlacedClaude.env, GITHUB_TOKEN: "token-of-the-agent-40", PAPERCLIP_RUN_ID: "forged" },
    };
    const host = hostFor({ ...config, promptTemplate: "Work." }, { issueId: "issue-1", wakeReason: "assigned" });
    const result = await execute(state, host.context);
    delete process.env["DATABASE_URL"];
    expect(result, `${result.errorMessage ?? ""}\n${host.ownLines}`).toMatchObject({ exitCode: 0 });
    const told = host.stdout.split("\n").find((line) => line.startsWith('{"type":"told"')) ?? "{}";
    const { env, args } = JSON.parse(told) as { env: Record<string, string>; args: string[] };
    const { agent, runId, authToken } = host.context;
    const theRun = {
      PAPERCLIP_AGENT_ID: agent.id,
      PAPERCLIP_COMPANY_ID: agent.companyId,
      PAPERCLIP_RUN_ID: runId,
      PAPERCLIP_TASK_ID: "issue-1",
      PAPERCLIP_WAKE_REASON: "assigned",
      PAPERCLIP_API_KEY: authToken,
      PAPERCLIP_WORKSPACE_CWD: "/workspace",
      AGENT_HOME: "/workspace",
      GITHUB_TOKEN: "token-of-the-agent-40",
      PATH: withPlacedClaude.env.PATH,
    };
    expect(env).toMatchObject(theRun);
    const others = Object.keys(env).filter((name) => !(name in theRun) && !/^KUBERNETES_/.test(name));
    expect(others.toSorted()).toEqual([
      "ANTHROPIC_CUSTOM_HEADERS",
      "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC",
      "CLAUDE_CODE_TMPDIR",
      "CLAUDE_CONFIG_DIR",
      "DISABLE_AUTOUPDATER",
      "HOME",
      "HOSTNAME",
      "PAPERCLIP_API_URL",
      "PWD",
      "RUNNER_CONFIG",
    ]);
    expect(args).not.toContain("Work.");
    // Keys come from the Secret, so users who may read pods or Jobs do not see them.
    const name = runName(agent.id, runId);
    const shown = await stage.kubectl("get", "clauderuns,jobs,pods,configmaps", "-o", "json");
    expect(shown.includes(name)).toBe(true);
    const secrets = [authToken ?? "", "token-of-the-agent-40", "not-for-pods"];
    expect(secrets.filter((secret) => shown.includes(secret))).toEqual([]);
  });
});
