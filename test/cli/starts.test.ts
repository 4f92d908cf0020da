/** Runs that never reach the API: what is wrong is found before, and says what it is. */
import { chmod, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Facts, Row, Scenario } from "./scenario.ts";
import { playTables } from "./tables.ts";

const never: Facts = { code: 1, cost: undefined, requests: 0 };
const file = (name: string, content: string) => (directory: string) => writeFile(join(directory, name), content);
/** A private mount that ends with the process. */
const mounted = (options: string, where: string): Scenario => ({
  wrapper: [
    "unshare",
    "-rm",
    "sh",
    "-c",
    `mkdir -p ${where} && mount -t tmpfs -o ${options} tmpfs ${where} && exec "$@"`,
    "sh",
  ],
});
const home = '"$HOME"';
const work = '"$HOME/../work"';

const words: readonly Row[] = [
  [
    "an unknown flag",
    { claude: { extraArgs: ["--bogus"] } },
    "ClaudeStartFailed",
    { ...never, message: /unknown option '--bogus'/u },
  ],
  [
    "an unknown permission mode",
    { claude: { permissionMode: "bogus" } },
    "ClaudeStartFailed",
    { ...never, message: /permission-mode/u },
  ],
  [
    "a budget of nothing",
    { config: { maxCostUSD: "0" } },
    "ClaudeStartFailed",
    { ...never, message: /max-budget-usd/u },
  ],
  [
    "a JSON schema that is none",
    { claude: { extraArgs: ["--json-schema={oops"] } },
    "ClaudeStartFailed",
    { ...never, message: /json-schema/u },
  ],
  [
    "an MCP file that is missing",
    { claude: { mcpConfigPath: "/nonexistent.json" } },
    "ClaudeStartFailed",
    { ...never, message: /MCP config file not found/u },
  ],
  [
    "an MCP file that is no JSON",
    { claude: { mcpConfigPath: "../mcp.json" }, prepare: file("mcp.json", "{oops") },
    "ClaudeStartFailed",
    { ...never, message: /MCP/u },
  ],
  [
    "a settings file that is missing",
    { claude: { settingsPath: "/nonexistent.json" } },
    "ClaudeStartFailed",
    { ...never, message: /Settings file not found/u },
  ],
  [
    "a system prompt file that is missing",
    { claude: { appendSystemPromptFile: "/nonexistent" } },
    "ClaudeStartFailed",
    { ...never, message: /file not found/u },
  ],
  ["an empty prompt", { prompt: "" }, "ClaudeStartFailed", { ...never, message: /Input must be provided/u }],
  ["a prompt of blanks", { prompt: " \n\t " }, "ClaudeStartFailed", { ...never, message: /only whitespace/u }],
  [
    "an argument that is too long for the system",
    { claude: { systemPrompt: "x".repeat(200_000) } },
    "ClaudeStartFailed",
    { ...never, message: /128 KiB/u },
  ],
];

const places: readonly Row[] = [
  [
    "a HOME that is read-only",
    mounted("ro", home),
    "ClaudeStartFailed",
    { ...never, message: /^HOME is not writable.*read-only/u },
  ],
  [
    "a HOME that is read-only, although the session would be kept elsewhere",
    { ...mounted("ro", home), environment: { CLAUDE_CONFIG_DIR: "/mnt/not-made" } },
    "ClaudeStartFailed",
    { ...never, message: /^HOME is not writable.*read-only/u },
  ],
  [
    "a CLAUDE_CONFIG_DIR that is read-only, although HOME is not",
    { ...mounted("ro", "/mnt"), environment: { CLAUDE_CONFIG_DIR: "/mnt" } },
    "ClaudeStartFailed",
    { ...never, message: /^CLAUDE_CONFIG_DIR is not writable.*read-only/u },
  ],
  [
    "a workspace that is read-only",
    mounted("ro", work),
    "ClaudeStartFailed",
    { ...never, message: /^the working directory is not writable.*read-only/u },
  ],
  [
    "a HOME on a full disk",
    mounted("size=64k", home),
    "ClaudeStartFailed",
    { ...never, message: /^HOME has no space left/u },
  ],
  [
    "a workspace on a full disk",
    mounted("size=64k", work),
    "ClaudeStartFailed",
    { ...never, message: /^the working directory has no space left/u },
  ],
  [
    "a claude that is not executable",
    { prepare: notExecutable },
    "ClaudeMissing",
    { ...never, code: 127, message: /is not executable/u },
  ],
];

async function notExecutable(directory: string): Promise<void> {
  const claude = join(directory, "bin/claude");
  await writeFile(`${claude}.new`, "#!/bin/sh\n");
  await chmod(`${claude}.new`, 0o644);
  await rename(`${claude}.new`, claude);
}

playTables({ words, places });
