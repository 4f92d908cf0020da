/** Related runs and parts of runs: resumed and forked sessions, background work, both generations of the CLI. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { versions, type Version } from "./claude.ts";
import { bash } from "./fake-api.ts";
import type { Row, Scenario } from "./scenario.ts";
import { playTables } from "./tables.ts";

const agent = (prompt: string, more = {}) => ({
  tool: "Agent",
  input: { description: "helps", prompt, subagent_type: "general-purpose", ...more },
});
const ok: Scenario = { turns: [{ text: "ok" }] };
const older = { version: "2.1.197" } as const;
const background: Scenario = {
  turns: [
    bash("perl -e 'select undef,undef,undef,1.5'; echo over", { run_in_background: true }),
    { text: "meanwhile" },
    { text: "after it" },
  ],
};
const subagent: Scenario = {
  turns: [agent(`Sub @fake [{"text":"sub done"}]`, { run_in_background: false }), { text: "main done" }],
};
/** The first model is overloaded until the CLI goes over to the other one. */
const fallback: Scenario = {
  turns: [{ status: 529, type: "overloaded_error", times: 3 }, { text: "from the other" }],
  claude: { extraArgs: ["--fallback-model", "haiku"] },
  environment: { CLAUDE_CODE_MAX_RETRIES: "4" },
};
const one = { turns: 1, cost: "0.0006", code: 0, requests: 1 };

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
      after: { turns: [bash("touch started; perl -e 'sleep 600'")], signal: ["file", "SIGTERM"] },
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

/** A run's session whose file no longer is one. */
const garbled = (version: Version, onMissing: "Fail" | "StartNew"): Scenario => {
  const resume = "22222222-2222-4333-8444-555555555555";
  return {
    ...ok,
    version,
    config: { session: { resume, onMissing } },
    prepare: async (directory) => {
      const project = join(
        directory,
        "home/.claude/projects",
        join(directory, "work").replaceAll(/[^A-Za-z0-9]/gu, "-"),
      );
      await mkdir(project, { recursive: true });
      await writeFile(join(project, `${resume}.jsonl`), "\0\u0001 not a line of a session {\n".repeat(50));
    },
  };
};

const unreadable = versions.flatMap((version): Row[] => [
  [`${version}: Fail`, garbled(version, "Fail"), "SessionNotFound", { requests: 0 }],
  [`${version}: StartNew`, garbled(version, "StartNew"), "Completed", { text: "ok", session: "other" }],
]);

const several: readonly Row[] = [
  [
    "a command in the background: two results, one run",
    background,
    "Completed",
    { turns: 3, cost: "0.0018", code: 0, text: "after it", requests: 3 },
  ],
  [
    "the same with a grace period shorter than the command",
    { ...background, config: { resultGracePeriodSeconds: 1, backgroundGracePeriodSeconds: 600 } },
    "Completed",
    { turns: 3, cost: "0.0018", text: "after it" },
  ],
  ["a subagent in the foreground", subagent, "Completed", { turns: 2, cost: "0.0018", text: "main done", requests: 3 }],
  [
    "a subagent in the background",
    { turns: [agent(`Sub @fake [{"text":"sub done"}]`), { text: "started it" }, { text: "main done" }] },
    "Completed",
    { cost: "0.0024", text: "main done", requests: 4 },
  ],
  [
    "the fallback model: its price counts",
    fallback,
    "Completed",
    { turns: 1, cost: "0.000015", text: "from the other" },
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
    "the fallback model: its price counts",
    { ...fallback, ...older },
    "Completed",
    { turns: 1, cost: "0.00015", text: "from the other" },
  ],
  [
    "fork: another session, the cost is this run's",
    { ...ok, ...older, after: { ...ok, ...older }, claude: { extraArgs: ["--fork-session"] } },
    "Completed",
    { turns: 1, cost: "0.00075", session: "other" },
  ],
  [
    "a command in the background: two results, one run",
    { ...background, ...older },
    "Completed",
    { turns: 3, cost: "0.00225", text: "after it" },
  ],
  [
    "a subagent in the foreground",
    { ...subagent, ...older },
    "Completed",
    { turns: 2, cost: "0.00225", text: "main done", requests: 3 },
  ],
  [
    "the budget, while a tool waits",
    { turns: [{ ...bash("true"), usage: { input_tokens: 100_000 } }], config: { maxCostUSD: "0.10" }, ...older },
    "BudgetExceeded",
    { cost: "0.50025", code: 1, requests: 1 },
  ],
  [
    "TERM in a tool: this CLI leaves no account of it, so the cost is not known",
    { turns: [bash("touch started; perl -e 'sleep 600'")], signal: ["file", "SIGTERM"], ...older },
    "NoResult",
    { code: 143, stop: "Signal", cost: undefined },
  ],
  [
    "TERM while it waits",
    { turns: [{ hang: true }], signal: ["request", "SIGTERM"], ...older },
    "NoResult",
    { code: 143, stop: "Signal" },
  ],
];

playTables({
  sessions,
  "a session's file that cannot be read": unreadable,
  "more than one result or model": several,
  "Claude Code 2.1.197": generations,
});
