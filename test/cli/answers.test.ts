/** Runs that reach an answer or a limit of their own: tools, models, settings, permissions. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { bash } from "./fake-api.ts";
import type { Row, Scenario } from "./scenario.ts";
import { playTables } from "./tables.ts";

const toolUse = (id: string, command: string) => ({ type: "tool_use", id, name: "Bash", input: { command } });
const ok: Scenario = { turns: [{ text: "ok" }] };
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

playTables({ answers, limits });
