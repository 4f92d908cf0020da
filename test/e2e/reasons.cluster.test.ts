/**
 * One pod for every reason that comes from the container and that no other story has: with the real CLI where the API
 * can provoke it, with a stub in its place where only claude itself could.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { claudeFrom, Stage, verdict, type Turn } from "./stage.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open("reasons");
  await Promise.all([
    stage.kubectl("create", "secret", "generic", "subscription", "--from-literal=CLAUDE_CODE_OAUTH_TOKEN=not-real"),
    stage.kubectl("create", "configmap", "stub", `--from-literal=claude=${stub}`),
    stage.kubectl(
      "create",
      "configmap",
      "blocking-hook",
      `--from-literal=settings.json=${JSON.stringify(blockingHook)}`,
    ),
  ]);
});
afterAll(() => stage.close());

type Spec = NonNullable<Parameters<Stage["run"]>[2]>;
type Row = readonly [reason: string, turns: readonly Turn[], spec: Spec, status: object];

const final = { "x-should-retry": "false" };
/** A reply of the fake API that the stories do not need otherwise. */
function reply(fields: Readonly<Record<string, unknown>>): Turn {
  return fields;
}
function status(code: number, type: string, message: string, headers = {}): readonly Turn[] {
  return [reply({ status: code, type, message, headers: { ...final, ...headers } })];
}
const limited = {
  "anthropic-ratelimit-unified-status": "rejected",
  "anthropic-ratelimit-unified-reset": "4102444800",
  "anthropic-ratelimit-unified-representative-claim": "five_hour",
};
/** Settings with a hook that blocks every prompt. */
const blockingHook = {
  hooks: { UserPromptSubmit: [{ hooks: [{ type: "command", command: "echo no prompts today >&2; exit 2" }] }] },
};
const tool = (command: string): Turn => ({ tool: "Bash", input: { command } });
const spent = { result: { costUSD: "0", turns: 1, exitCode: 1 } };

const fromTheApi: readonly Row[] = [
  ["RateLimited", status(429, "rate_limit_error", "slow down"), {}, spent],
  ["ApiError", status(500, "api_error", "broken"), {}, spent],
  ["ModelNotFound", status(404, "not_found_error", "model: claude-nope"), { claude: { model: "claude-nope" } }, spent],
  ["PromptTooLarge", status(400, "invalid_request_error", "prompt is too long: 3 > 2 maximum"), {}, spent],
  ["CreditExhausted", status(400, "invalid_request_error", "Your credit balance is too low"), {}, spent],
  ["InvalidRequest", status(400, "invalid_request_error", "tools.0: schema is invalid"), {}, spent],
  [
    "SessionRejected",
    status(400, "invalid_request_error", "messages.3: `tool_use` ids were found without `tool_result` blocks: toolu_1"),
    {},
    spent,
  ],
  ["OutputTooLong", [reply({ text: "cut", stop_reason: "max_tokens" })], {}, { failure: { retryable: false } }],
  [
    "PromptBlocked",
    [],
    { claude: { settingsFrom: { configMapKeyRef: { name: "blocking-hook", key: "settings.json" } } } },
    { failure: { retryable: false }, result: { turns: 0 } },
  ],
  [
    "UsageLimited",
    status(429, "rate_limit_error", "limited", limited),
    { credentialsSecretName: "subscription" },
    { failure: { resumeAfterTime: "2100-01-01T00:00:00Z", retryable: true } },
  ],
  ["Refusal", [reply({ text: "", stop_reason: "refusal" })], {}, { result: { isError: true } }],
  [
    "BudgetExceeded",
    [{ ...tool("true"), ...reply({ usage: { input_tokens: 100_000 } }) }],
    { budget: { maxCostUSD: "0.10" } },
    { result: { costUSD: "0.4002" } },
  ],
  ["ClaudeStartFailed", [], { claude: { extraArgs: ["--bogus"] } }, { result: { exitCode: 1 } }],
];

/** claude's place is taken by this: the prompt says what it is to do. */
const stub = `#!/usr/bin/env node
const say = (event) => require("fs").writeSync(1, JSON.stringify({ session_id: "stub", ...event }) + "\\n");
const init = () => say({ type: "system", subtype: "init" });
const result = (more) => say({ type: "result", subtype: "success", is_error: false, num_turns: 1, result: "done", ...more });
const stay = () => setInterval(() => undefined, 60_000);
const eat = "const all = []; for (;;) all.push(Buffer.alloc(16 << 20, 1));";
eval(require("fs").readFileSync(0, "utf8"));
`;
const inItsPlace: Spec = { pod: claudeFrom("stub") };
const small: Spec = { pod: { ...inItsPlace.pod, resources: { limits: { memory: "256Mi" } } } };

/**
 * Where the kernel kills the container as a whole (cgroup v2) the runner has no last word. Here it is the victim because
 * it is the largest process: memory is taken by files. The container ends in the same way on either kind of cgroup.
 */
const fillMemory = `
  const reported = () => require("fs").readFileSync("/dev/termination-log", "utf8").includes('"text":"done"');
  const wait = setInterval(() => {
    if (!reported()) return;
    process.execve("/bin/sh", ["sh", "-c", "dd if=/dev/zero of=/memory/file bs=1M; sleep 60"], process.env);
  }, 20);`;
const withMemoryVolume: Spec = {
  pod: {
    ...small.pod,
    volumes: [...(inItsPlace.pod?.volumes ?? []), { name: "memory", emptyDir: { medium: "Memory" } }],
    volumeMounts: [...(inItsPlace.pod?.volumeMounts ?? []), { name: "memory", mountPath: "/memory" }],
  },
};
const lastProgress = {
  session: { id: "stub" },
  result: { text: "done", turns: 1, incomplete: true },
  log: { complete: false },
};

const fromClaude: readonly [reason: string, name: string, script: string, spec: Spec, status: object][] = [
  ["NoOutput", "silent", "stay()", { idleTimeoutSeconds: 3 }, { result: { signal: "SIGTERM" } }],
  ["IdleTimeout", "idle", "init(); stay()", { idleTimeoutSeconds: 10 }, { session: { id: "stub" } }],
  ["NoResult", "no-result", "init(); process.exit(3)", {}, { session: { id: "stub" }, result: { exitCode: 3 } }],
  [
    "ClaudeFailed",
    "failed",
    `init(); result({ subtype: "error_during_execution", is_error: true }); process.exitCode = 1`,
    {},
    { result: { isError: true, turns: 1 } },
  ],
  ["OOMKilled", "memory", "init(); eval(eat)", small, { session: { id: "stub" }, result: { signal: "SIGKILL" } }],
  ["OOMKilled", "memory-of-all", `init(); result(); ${fillMemory}`, withMemoryVolume, lastProgress],
  [
    "Completed",
    "memory-of-a-child",
    `init(); const { signal } = require("child_process").spawnSync(process.execPath, ["-e", eat]); result({ result: signal })`,
    small,
    { result: { text: "SIGKILL", exitCode: 0 } },
  ],
  [
    "Completed",
    "hangs",
    "init(); result(); stay()",
    { resultGracePeriodSeconds: 1 },
    { result: { hung: true, text: "done" } },
  ],
];

async function expectEnd(name: string, reason: string, shown: object): Promise<void> {
  const run = await stage.ended(name);
  expect(verdict(run).reason, verdict(run).message).toBe(reason);
  expect(run.status).toMatchObject(shown);
  if (reason !== "Completed") expect(run.status?.failure?.reason).toBe(reason);
}

const cases: readonly [title: string, play: () => Promise<void>][] = [
  ...fromTheApi.map(([reason, turns, spec, shown]): [string, () => Promise<void>] => [
    reason,
    async () => {
      await stage.create(stage.run(reason.toLowerCase(), turns, spec));
      await expectEnd(reason.toLowerCase(), reason, shown);
    },
  ]),
  ...fromClaude.map(([reason, name, script, spec, shown]): [string, () => Promise<void>] => [
    `${reason}: ${name}`,
    async () => {
      const run = stage.run(name, [], { ...inItsPlace, ...spec });
      await stage.create({ ...run, spec: { ...run.spec, prompt: script } });
      await expectEnd(name, reason, shown);
    },
  ]),
  [
    "ResultUnreadable: the runner itself cannot run",
    async () => {
      const env = [{ name: "NODE_OPTIONS", value: "--no-such-option" }];
      await stage.create(stage.run("unreadable", [], { pod: { env } }));
      await expectEnd("unreadable", "ResultUnreadable", {});
    },
  ],
];

// vitest runs five at a time: as many pods as a small node bears.
describe.concurrent("the status says what the container said:", () => it.each(cases)("%s", (_, play) => play()));
