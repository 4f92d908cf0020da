import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RunnerConfig, RunReport } from "./contract.ts";
import { eventually } from "../test/eventually.ts";
import { buildRunner } from "./testing/process.ts";
import {
  digestBefore,
  removeRuns,
  runnerLines,
  runStub,
  startStub,
  type EndedRun,
  type StubOptions,
} from "./testing/stub.ts";

beforeAll(() => buildRunner(), 60_000);
afterAll(removeRuns);

async function runToEnd(script: string, options: StubOptions = {}): Promise<EndedRun> {
  const run = await runStub(script, options);
  expect(run.stderr).toBe("");
  const end = run.lines.at(-1);
  expect(end).toMatchObject({ subtype: "end", report: run.report });
  expect(run.report.log).toEqual(digestBefore(run.stdout, run.stdout.lastIndexOf('{"type":"runner"')));
  expect(run.lines.map((line) => line.seq)).toEqual(run.lines.map((_, index) => index + 1));
  return run;
}

function claudesBytes(run: EndedRun): string {
  return run.stdout.toString("utf8").replaceAll(/^\{"type":"runner".*\n/gmu, "");
}

describe.concurrent("input and output", () => {
  test("the prompt's bytes reach stdin unchanged", async () => {
    const prompt = Buffer.concat([randomBytes(200_000), Buffer.from("-p\r\n\0 no newline at the end")]);
    const run = await runToEnd(
      `init(); result({ result: createHash("sha256").update(fs.readFileSync(0)).digest("hex") });`,
      { prompt },
    );
    expect(run.code).toBe(0);
    expect(run.report).toMatchObject({
      v: 1,
      complete: true,
      reason: "Completed",
      result: { text: createHash("sha256").update(prompt).digest("hex"), exitCode: 0, costUSD: "0.5", turns: 1 },
      session: { id: "s-1" },
    });
  });

  test("arguments arrive one by one with any content", async () => {
    const { report } = await runToEnd(`init(); result({ result: JSON.stringify(process.argv.slice(2)) });`, {
      config: {
        maxCostUSD: "2.50",
        claude: {
          model: "opus",
          maxTurns: 40,
          allowedTools: ["Bash(git *)", "-x; rm -rf $HOME"],
          systemPrompt: "- be\nkind 'and' \"quote\"",
          extraArgs: ["--betas", "a"],
        },
      },
    });
    expect(JSON.parse(report.result.text ?? "")).toEqual([
      "-p",
      "--output-format=stream-json",
      "--model=opus",
      "--max-turns=40",
      "--max-budget-usd=2.50",
      "--allowedTools=Bash(git *)",
      "--allowedTools=-x; rm -rf $HOME",
      "--system-prompt=- be\nkind 'and' \"quote\"",
      "--verbose",
      "--betas",
      "a",
    ]);
  });

  test("stdout is unchanged, including broken UTF-8, carriage returns and an unterminated last line", async () => {
    const run = await runToEnd(`
      init(); result(); fs.writeSync(1, "plain text\\r\\n");
      fs.writeSync(1, Buffer.from([0xff, 0xfe, 0x0a])); fs.writeSync(1, '{"type":"unknown"}\\nunterminated');`);
    expect(run.report.reason).toBe("Completed");
    expect(claudesBytes(run).endsWith('plain text\r\n\uFFFD\uFFFD\n{"type":"unknown"}\nunterminated\n')).toBe(true);
  });

  test("checkpoints have the digest of every byte before them", async () => {
    const run = await runToEnd(`
      init();
      for (let i = 0; i < 300; i++) emit({ type: "assistant", message: { id: "m" + i, content: "x".repeat(5000) } });
      fs.writeSync(1, "y".repeat(50_000_000) + "\\n"); process.stderr.write("one\\ntwo"); result();`);
    const checkpoints = run.lines.filter((line) => line.subtype === "checkpoint");
    expect(checkpoints.length).toBeGreaterThan(10);
    for (const checkpoint of checkpoints) {
      expect(checkpoint.log).toEqual(digestBefore(run.stdout, run.stdout.indexOf(JSON.stringify(checkpoint))));
    }
    expect(checkpoints.at(-1)?.session).toEqual(run.report.session);
    expect(run.report.session?.id).toBeDefined();
    expect(run.lines.filter((line) => line.subtype === "stderr").map((line) => line.text)).toEqual(["one", "two"]);
    expect(run.report.progress?.turns).toBe(1);
    expect(claudesBytes(run)).toContain(`\n${"y".repeat(50_000_000)}\n`);
  });

  test("the exit code is claude's, and stderr's last line explains why it did not start", async () => {
    const run = await runToEnd(
      `process.stderr.write("Warning: no\\nerror: unknown option '--x'\\n"); process.exit(7);`,
    );
    expect(run.code).toBe(7);
    expect(run.report).toMatchObject({
      reason: "ClaudeStartFailed",
      message: "error: unknown option '--x'",
      result: { exitCode: 7 },
    });
  });

  test("secrets are redacted in stderr lines, the message and the result's text, not in claude's stream", async () => {
    const environment = {
      MY_API_KEY: "sk-very-secret",
      DB_PASSWORD: "hunter2hunter2",
      SHORT_TOKEN: "abc",
      HARMLESS: "public-words",
    };
    const run = await runToEnd(
      `init(); process.stderr.write("key sk-very-secret\\n");
       result({ is_error: true, result: "sk-very-secret hunter2hunter2 abc public-words" }); process.exit(1);`,
      { environment },
    );
    expect(run.report.result.text).toBe("[redacted] [redacted] abc public-words");
    expect(JSON.stringify([run.report, run.lines])).not.toMatch(/sk-very-secret|hunter2/u);
    expect(claudesBytes(run)).toContain("sk-very-secret");
  });

  test("checkpoints and the message of a running claude are redacted too: activity and session", async () => {
    const started = await startStub(
      `const secret = "hidden-words-of-a-secret"; emit({ type: "system", subtype: "init", session_id: secret });
       const content = [{ type: "tool_use", name: secret }];
       for (let i = 0; i < 20; i++) emit({ type: "assistant", session_id: secret, message: { id: "m" + i, content, x: "x".repeat(9000) } });
       hang();`,
      {
        environment: { HIDDEN: "hidden-words-of-a-secret" },
        config: { publicVariables: ["HOME", "RUNNER_CONFIG", "TERMINATION_LOG", "CLAUDE_CODE_TMPDIR"] },
      },
    );
    await eventually("a checkpoint has the session", () =>
      runnerLines(started.output()).some((line) => line.subtype === "checkpoint" && line.session !== undefined),
    );
    started.signal("SIGTERM");
    const run = await started.ended;
    const checkpoints = run.lines.filter((line) => line.subtype === "checkpoint");
    expect(checkpoints.at(-1)).toMatchObject({ session: { id: "[redacted]" } });
    expect(JSON.stringify([run.lines, run.report])).not.toContain("hidden-words");
  });

  test("the termination message is valid JSON at any moment", async () => {
    const run = await startStub(`
      init();
      for (let i = 0; i < 60; i++) {
        emit({ type: "assistant", message: { id: "m" + i, content: [{ type: "tool_use", name: "T".repeat(60 - i) }] } });
        result({ result: "r".repeat((60 - i) * 50) });
        await pause(25);
      }
      // Waits until the test has read a message of the running claude, because a busy machine reads late.
      while (!fs.existsSync(process.env.HOME + "-seen")) await pause(25);`);
    const path = join(run.directory, "termination-log");
    const startedMs = Date.now();
    const seen = new Set<string>();
    const over = new AbortController();
    void run.ended.then(() => over.abort());
    while (!over.signal.aborted) {
      // Reads twice, because some file systems do not separate a read from a write of the same page.
      const text = readFileSync(path, "utf8");
      if (text === readFileSync(path, "utf8")) seen.add(text);
      if (text.includes('"complete":false')) await writeFile(`${join(run.directory, "home")}-seen`, "");
      await nextTurn();
    }
    const reports = [...seen].filter((text) => text !== "").map((text) => JSON.parse(text) as RunReport);
    expect(reports.some((report) => !report.complete)).toBe(true);
    // At most one a second, plus one before claude's first event and two at the end.
    const seconds = Math.ceil((Date.now() - startedMs) / 1000);
    expect(reports.length).toBeLessThanOrEqual(seconds + 4);
    expect((await run.ended).report).toMatchObject({ complete: true, result: { turns: 60, costUSD: "30" } });
  });
});

describe.concurrent("before money is spent", () => {
  test("no claude on PATH is ClaudeMissing", async () => {
    const run = await runToEnd("", { environment: { PATH: "/nonexistent" } });
    expect(run.code).toBe(127);
    expect(run.report).toMatchObject({ reason: "ClaudeMissing" });
    expect(run.report.message).toContain("Dockerfile.agent");
  });

  test("a claude for another architecture is ClaudeMissing and names both", async () => {
    const machine = process.arch === "arm64" ? 62 : 183;
    const elf = Buffer.alloc(64);
    elf.write("\x7fELF", "latin1");
    elf.writeUInt16LE(machine, 18);
    const run = await runToEnd("", { prepare: (directory) => writeFile(join(directory, "bin/claude"), elf) });
    expect(run.report).toMatchObject({ reason: "ClaudeMissing" });
    expect(run.report.message).toContain("is built for");
  });

  test("an unreadable prompt is ClaudeStartFailed with the cause", async () => {
    const run = await runToEnd("", { config: { promptPath: "/nonexistent/prompt" } });
    expect(run.code).toBe(1);
    expect(run.report).toMatchObject({ reason: "ClaudeStartFailed" });
    expect(run.report.message).toMatch(/prompt.*ENOENT/u);
  });

  test("an unwritable HOME is ClaudeStartFailed with advice", async () => {
    const run = await runToEnd("", { environment: { HOME: "/dev/null/home" } });
    expect(run.report).toMatchObject({ reason: "ClaudeStartFailed" });
    expect(run.report.message).toMatch(/HOME.*fsGroup/u);
  });

  test("a configuration of another version is rejected", async () => {
    const run = await runToEnd("", {
      prepare: (directory) => writeFile(join(directory, "config.json"), JSON.stringify({ v: 2 })),
    });
    expect(run.report).toMatchObject({ reason: "ClaudeStartFailed" });
    expect(run.report.message).toContain("version 2");
  });

  test("a missing session is SessionNotFound, or a new session with onMissing StartNew", async () => {
    const script = `init(); result({ result: process.argv.join(" ") });`;
    const missing = await runToEnd(script, { config: { session: { resume: "s-0", onMissing: "Fail" } } });
    expect(missing.report).toMatchObject({ reason: "SessionNotFound", result: {} });
    const fresh = await runToEnd(script, { config: { session: { resume: "s-0", onMissing: "StartNew" } } });
    expect(fresh.report.result.text).not.toContain("--resume");
  });
});

describe.concurrent("a session that is there, but that claude cannot use", () => {
  /** claude reports the missing session in a result or only on stderr, and would run without it. */
  const script = (report: string): string => `
    if (process.argv.some((arg) => arg.startsWith("--resume"))) { ${report} process.exit(1); }
    init(); result({ result: fs.readFileSync(0, "utf8"), total_cost_usd: 0.1 });`;
  const words = "No conversation found with session ID: s-0";
  const onStderr = script(`process.stderr.write("${words}\\nNode.js v24\\n");`);
  const asResult = script(
    `emit({ type: "result", subtype: "error_during_execution", is_error: true, num_turns: 0, errors: ["${words}"] });`,
  );
  const prepare = async (directory: string): Promise<void> => {
    const project = join(directory, "home/.claude/projects/-work");
    await mkdir(project, { recursive: true });
    await writeFile(join(project, "s-0.jsonl"), "garbled");
  };
  const session = (onMissing: "Fail" | "StartNew") => ({ config: { session: { resume: "s-0", onMissing } }, prepare });

  test.each([
    ["stderr", onStderr],
    ["a result", asResult],
  ])(
    "and reports it by %s: StartNew starts a new session with the whole prompt, Fail is SessionNotFound",
    async (_, failure) => {
      const fresh = await runToEnd(failure, { ...session("StartNew"), prompt: "the task" });
      expect(fresh.report).toMatchObject({ reason: "Completed", result: { text: "the task", turns: 1 } });
      expect(JSON.stringify(fresh.lines)).toContain("claude cannot use session s-0: starting a new one");
      const failed = await runToEnd(failure, session("Fail"));
      expect(failed.report).toMatchObject({ reason: "SessionNotFound", result: { exitCode: 1 } });
      expect(failed.report.message).toContain(words);
    },
  );

  test("a later attempt starts like the first one", async () => {
    const prepareAll = async (directory: string): Promise<void> => {
      await prepare(directory);
      await writeFile(join(directory, "continuation"), "go on");
      const path = join(directory, "config.json");
      const written = JSON.parse(await readFile(path, "utf8")) as RunnerConfig;
      const continuation = { session: "s-0", promptPath: join(directory, "continuation") };
      await writeFile(path, JSON.stringify({ ...written, continuation }));
    };
    const { report } = await runToEnd(onStderr, { prompt: "the task", prepare: prepareAll });
    expect(report).toMatchObject({ reason: "Completed", result: { text: "the task" } });
  });
});

describe.concurrent("a later attempt", () => {
  const script = `init(); result({ result: process.argv.slice(2).join(" ") + "|" + fs.readFileSync(0, "utf8") });`;
  const config = (directory: string): Partial<RunnerConfig> => ({
    continuation: { session: "s-1", promptPath: join(directory, "continuation") },
  });
  const prepare = (withSession: boolean) => async (directory: string) => {
    const project = join(directory, "home/.claude/projects/-work");
    await mkdir(project, { recursive: true });
    if (withSession) await writeFile(join(project, "s-1.jsonl"), "{}\n");
    await writeFile(join(directory, "continuation"), "go on");
    const path = join(directory, "config.json");
    const written = JSON.parse(await readFile(path, "utf8")) as RunnerConfig;
    await writeFile(path, JSON.stringify({ ...written, ...config(directory) }));
  };

  test("continues the session with the continuation's prompt, not with the run's own", async () => {
    const { report } = await runToEnd(script, { prompt: "the task", prepare: prepare(true) });
    expect(report.result.text).toMatch(/--resume=s-1 .*\|go on$/u);
  });

  test("starts like the first one if the workspace has lost the session", async () => {
    const { report } = await runToEnd(script, { prompt: "the task", prepare: prepare(false) });
    expect(report.result.text).toMatch(/\|the task$/u);
    expect(report.result.text).not.toContain("--resume");
  });
});

describe.concurrent("the spend of a run without a result", () => {
  const costState = (total: number, output: number) =>
    `${JSON.stringify({ type: "cost-state", totalCostUSD: total, modelUsage: { m: { outputTokens: output, costUSD: total } } })}\n`;
  const prepare = async (directory: string) => {
    const project = join(directory, "home/.claude/projects/-work");
    await mkdir(project, { recursive: true });
    await writeFile(join(project, "s-1.jsonl"), costState(0.25, 10));
  };
  const config = { session: { resume: "s-1", onMissing: "Fail" } } as const;

  test("is the session's newest total minus the one before the run", async () => {
    const script = `init(); fs.appendFileSync(process.env.HOME + "/.claude/projects/-work/s-1.jsonl", ${JSON.stringify(costState(0.35, 14))});
      process.exit(143);`;
    const { report } = await runToEnd(script, { config, prepare });
    expect(report).toMatchObject({ reason: "NoResult", result: { costUSD: "0.1", usage: { outputTokens: 4 } } });
  });

  test("is absent without a new record", async () => {
    const run = await runToEnd(`init(); process.exit(143);`, { config, prepare });
    expect(run.report.result.costUSD).toBeUndefined();
    expect(await readFile(join(run.directory, "home/.claude/projects/-work/s-1.jsonl"), "utf8")).toBe(
      costState(0.25, 10),
    );
  });
});
