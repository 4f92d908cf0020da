/** Runs that reach an answer or a limit of their own: tools, models, sessions, background work, both CLI generations. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, it } from "vitest";
import { removeRuns } from "../../runner/test-stub.ts";
import { FakeApi } from "./fake-api.ts";
import { check, type Row, type Scenario } from "./scenario.ts";

let api: FakeApi;
beforeAll(async () => {
  api = await FakeApi.start();
});
afterAll(async () => {
  await api.stop();
  await removeRuns();
});

const bash = (command: string, more = {}) => ({ tool: "Bash", input: { command, ...more } });
const toolUse = (id: string, command: string) => ({ type: "tool_use", id, name: "Bash", input: { command } });
const agent = (prompt: string, more = {}) => ({
  tool: "Agent",
  input: { description: "helps", prompt, subagent_type: "general-purpose", ...more },
});
const ok: Scenario = { turns: [{ text: "ok" }] };
const older = { version: "2.1.197" } as const;
const one = { turns: 1, cost: "0.0006", code: 0, requests: 1 };
const two = { turns: 2, cost: "0.0012", code: 0, requests: 2 };

const answers: readonly Row[] = [
  ["a text", { turns: [{ text: "Hello." }] }, "Completed", { ...one, text: "Hello." }],
  ["a tool, then a text", { turns: [bash("echo hi"), { text: "done" }] }, "Completed", { ...two, text: "done" }],
  [
    "three tools in a row",
    { turns: [bash("echo 1"), bash("echo 2"), bash("echo 3"), { text: "3" }] },
    "Completed",
    { turns: 4, cost: "0.0024", requests: 4, text: "3" },
  ],
  [
    "two tools in one message",
    { turns: [{ blocks: [toolUse("t1", "echo 1"), toolUse("t2", "echo 2")] }, { text: "both" }] },
    "Completed",
    { text: "both", cost: "0.0012", requests: 2 },
  ],
  [
    "a text and a tool in one message",
    { turns: [{ blocks: [{ type: "text", text: "I look." }, toolUse("t1", "ls")] }, { text: "seen" }] },
    "Completed",
    { ...two, text: "seen" },
  ],
  ["a tool that does not exist", { turns: [{ tool: "Nope" }, { text: "well" }] }, "Completed", two],
  ["a command that fails", { turns: [bash("exit 3"), { text: "it failed" }] }, "Completed", two],
  [
    "a tool that is not allowed",
    { turns: [bash("echo"), { text: "ok" }], claude: { disallowedTools: ["Bash"] } },
    "Completed",
    two,
  ],
  [
    "a write that acceptEdits allows",
    {
      turns: [{ tool: "Write", input: { file_path: "a.txt", content: "x" } }, { text: "ok" }],
      claude: { permissionMode: "acceptEdits" },
    },
    "Completed",
    two,
  ],
  [
    "a text cut at max_tokens goes on",
    { turns: [{ text: "cut", stop_reason: "max_tokens" }, { text: "rest" }] },
    "Completed",
    { ...two, text: "rest" },
  ],
  [
    "characters of every length",
    { turns: [{ text: "Grüße 漢字 🦊 a\u2028b" }] },
    "Completed",
    { ...one, text: "Grüße 漢字 🦊 a\u2028b" },
  ],
  [
    "lines of 1 MiB",
    { turns: [{ text: "0123456789abcdef", repeat: 65_536 }] },
    "Completed",
    { ...one, text: /^0123456789abcdef/u },
  ],
  [
    "a tool's input of 1 MiB",
    { turns: [bash(`: ${"x".repeat(1_000_000)}`), { text: "ok" }] },
    "Completed",
    { turns: 2, text: "ok" },
  ],
  [
    "partial messages",
    { turns: [{ text: "in very small pieces", chunk: 2 }], claude: { includePartialMessages: true } },
    "Completed",
    { ...one, text: "in very small pieces" },
  ],
  ["model sonnet", { ...ok, claude: { model: "sonnet" } }, "Completed", { ...one, cost: "0.0003" }],
  ["model haiku", { ...ok, claude: { model: "haiku" } }, "Completed", { ...one, cost: "0.000015" }],
  ["an effort", { ...ok, claude: { effort: "high" } }, "Completed", one],
  ["an effort that does not exist", { ...ok, claude: { effort: "enormous" } }, "Completed", one],
  [
    "system prompts that begin with a dash",
    { ...ok, claude: { systemPrompt: "-p", appendSystemPrompt: "--help" } },
    "Completed",
    one,
  ],
  [
    "permission from a settings file",
    {
      turns: [bash("touch made"), { text: "ok" }],
      claude: { allowedTools: [], settingsPath: "../settings.json" },
      prepare: (directory) => writeFile(join(directory, "settings.json"), `{"permissions":{"allow":["Bash"]}}`),
    },
    "Completed",
    two,
  ],
  [
    "an MCP server that does not start",
    {
      ...ok,
      claude: { mcpConfigPath: "../mcp.json" },
      prepare: (directory) => writeFile(join(directory, "mcp.json"), `{"mcpServers":{"x":{"command":"/nonexistent"}}}`),
    },
    "Completed",
    one,
  ],
  [
    "all permissions, in a sandbox",
    {
      turns: [bash("touch x"), { text: "ok" }],
      claude: { allowedTools: [], dangerouslySkipPermissions: true },
      environment: { IS_SANDBOX: "1" },
    },
    "Completed",
    two,
  ],
  [
    "extra arguments",
    { ...ok, claude: { extraArgs: ["--json-schema", `{"type":"object"}`] } },
    "Completed",
    { text: "ok" },
  ],
];

const limits: readonly Row[] = [
  [
    "maxTurns",
    { turns: [bash("true")], claude: { maxTurns: 2 } },
    "MaxTurns",
    { turns: 3, cost: "0.0012", code: 1, message: /maximum number of turns \(2\)/u },
  ],
  [
    "maxTurns that is just enough",
    { turns: [bash("true"), { text: "ok" }], claude: { maxTurns: 2 } },
    "Completed",
    two,
  ],
  [
    "maxTurns 0 is no limit",
    { turns: [bash("true"), bash("true"), { text: "ok" }], claude: { maxTurns: 0 } },
    "Completed",
    { turns: 3 },
  ],
  [
    "the budget, while a tool waits",
    { turns: [{ ...bash("true"), usage: { input_tokens: 100_000 } }], config: { maxCostUSD: "0.10" } },
    "BudgetExceeded",
    { turns: 1, cost: "0.4002", code: 1, requests: 1 },
  ],
  ["a budget that is enough", { ...ok, config: { maxCostUSD: "1" } }, "Completed", one],
];

const sessions: readonly Row[] = [
  [
    "resume: the cost is this run's",
    { ...ok, after: ok },
    "Completed",
    { turns: 1, cost: "0.0006", session: "same", requests: 2 },
  ],
  [
    "resume of a resumed run",
    { ...ok, after: { ...ok, after: ok } },
    "Completed",
    { turns: 1, cost: "0.0006", session: "same", requests: 3 },
  ],
  [
    "fork: another session, the cost is this run's",
    { ...ok, after: ok, claude: { extraArgs: ["--fork-session"] } },
    "Completed",
    { ...one, session: "other" },
  ],
  [
    "resume after maxTurns",
    { turns: [{ text: "finished" }], after: { turns: [bash("true")], claude: { maxTurns: 1 } } },
    "Completed",
    { turns: 1, cost: "0.0006", session: "same", text: "finished" },
  ],
  [
    "resume after a cancelled tool",
    {
      turns: [{ text: "goes on" }],
      after: { turns: [bash("touch started; perl -e 'sleep 60'")], signal: ["file", "SIGTERM"] },
    },
    "Completed",
    { turns: 1, cost: "0.0006", session: "same", text: "goes on" },
  ],
  [
    "a session that is not there",
    { ...ok, config: { session: { resume: "11111111-2222-4333-8444-555555555555", onMissing: "Fail" } } },
    "SessionNotFound",
    { cost: undefined, code: 1, session: "none", message: /onMissing to StartNew/u },
  ],
  [
    "a new one in its place",
    { ...ok, config: { session: { resume: "11111111-2222-4333-8444-555555555555", onMissing: "StartNew" } } },
    "Completed",
    { ...one, session: "other" },
  ],
];

const several: readonly Row[] = [
  [
    "a command in the background: two results, one run",
    {
      turns: [
        bash("perl -e 'select undef,undef,undef,1.5'; echo over", { run_in_background: true }),
        { text: "meanwhile" },
        { text: "after it" },
      ],
    },
    "Completed",
    { turns: 3, cost: "0.0018", code: 0, text: "after it", requests: 3 },
  ],
  [
    "the same with a grace period shorter than the command",
    {
      turns: [
        bash("perl -e 'select undef,undef,undef,1.5'; echo over", { run_in_background: true }),
        { text: "meanwhile" },
        { text: "after it" },
      ],
      config: { resultGracePeriodSeconds: 1 },
    },
    "Completed",
    { turns: 3, cost: "0.0018", text: "after it" },
  ],
  [
    "a subagent in the foreground",
    { turns: [agent(`Sub @fake [{"text":"sub done"}]`, { run_in_background: false }), { text: "main done" }] },
    "Completed",
    { turns: 2, cost: "0.0018", text: "main done", requests: 3 },
  ],
  [
    "a subagent in the background",
    { turns: [agent(`Sub @fake [{"text":"sub done"}]`), { text: "started it" }, { text: "main done" }] },
    "Completed",
    { cost: "0.0024", text: "main done", requests: 4 },
  ],
  [
    "the fallback model",
    {
      turns: [{ status: 529, type: "overloaded_error", times: 3 }, { text: "from the other" }],
      claude: { extraArgs: ["--fallback-model", "haiku"] },
      environment: { CLAUDE_CODE_MAX_RETRIES: "4" },
    },
    "Completed",
    { turns: 1, text: "from the other" },
  ],
];

const generations: readonly Row[] = [
  ["a text", { ...ok, ...older }, "Completed", { turns: 1, cost: "0.00075", code: 0, text: "ok" }],
  [
    "a tool",
    { turns: [bash("echo hi"), { text: "done" }], ...older },
    "Completed",
    { turns: 2, cost: "0.0015", text: "done" },
  ],
  [
    "resume: the cost is this run's",
    { ...ok, ...older, after: { ...ok, ...older } },
    "Completed",
    { turns: 1, cost: "0.00075", session: "same" },
  ],
  ["resumed by the newer one", { ...ok, after: { ...ok, ...older } }, "Completed", { turns: 1, session: "same" }],
  [
    "maxTurns",
    { turns: [bash("true")], claude: { maxTurns: 2 }, ...older },
    "MaxTurns",
    { turns: 3, cost: "0.0015", code: 1 },
  ],
  [
    "a model that is not there",
    { turns: [{ status: 404, type: "not_found_error", message: "model: x" }], ...older },
    "ModelNotFound",
    { code: 1 },
  ],
  [
    "TERM while it waits",
    { turns: [{ hang: true }], signal: ["request", "SIGTERM"], ...older },
    "NoResult",
    { code: 143, stop: "Signal" },
  ],
];

describe.concurrent("answers", () => it.each(answers)("%s", (...row) => check(row, api)));
describe.concurrent("limits", () => it.each(limits)("%s", (...row) => check(row, api)));
describe.concurrent("sessions", () => it.each(sessions)("%s", (...row) => check(row, api)));
describe.concurrent("more than one result or model", () => it.each(several)("%s", (...row) => check(row, api)));
describe.concurrent("Claude Code 2.1.197", () => it.each(generations)("%s", (...row) => check(row, api)));
