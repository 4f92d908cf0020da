/** `run`: the object of its flags, and its creation. */
import { chmodSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CliHarness, start } from "../testing/command.ts";

let bench: CliHarness;
beforeEach(async () => {
  bench = await new CliHarness().open();
});
afterEach(() => bench.close());

const basic = ["run", "Work.", "--agent", "nightly", "--name", "one"];

/** The object that these arguments would make. */
async function object(args: readonly string[], stdin = ""): Promise<Record<string, unknown>> {
  const { stdout, stderr } = await bench.run(["run", ...args, "--dry-run=client", "-o", "json"], { stdin });
  expect(stderr).toBe("");
  return JSON.parse(stdout) as Record<string, unknown>;
}

describe("the object", () => {
  it("has each flag in its field", async () => {
    const flags = [
      ..."--agent nightly --name one --model opus --max-turns 3 --max-budget-usd 2.50 --permission-mode plan".split(
        " ",
      ),
      ..."--allowed-tools Read --image x:y --credentials anthropic --workspace-claim work --sub-path a/b".split(" "),
      ..."--priority -5 --concurrency-policy Replace --timeout 1h30m --idle-timeout 90 --env A=b=c --label team=red".split(
        " ",
      ),
    ];
    expect(await object(["Fix the tests", ...flags, "--allowed-tools", "Edit,Bash(git log, git diff)"])).toEqual({
      apiVersion: "paperclip.io/v1alpha1",
      kind: "ClaudeRun",
      metadata: { name: "one", namespace: "agents", labels: { team: "red" } },
      spec: {
        agent: "nightly",
        prompt: "Fix the tests",
        claude: {
          model: "opus",
          maxTurns: 3,
          permissionMode: "plan",
          allowedTools: ["Read", "Edit", "Bash(git log, git diff)"],
        },
        budget: { maxCostUSD: "2.50" },
        pod: { image: "x:y", env: [{ name: "A", value: "b=c" }] },
        credentialsSecretName: "anthropic",
        workspace: { persistentVolumeClaim: { claimName: "work", subPath: "a/b" } },
        priority: -5,
        concurrencyPolicy: "Replace",
        activeDeadlineSeconds: 5_400,
        idleTimeoutSeconds: 90,
      },
    });
  });

  it("has a name of its own if none was given, and needs no cluster", async () => {
    const { stdout } = await start(["run", "hi", "--agent", "nightly", "--dry-run=client", "-o", "name"]).ended;
    expect(stdout).toMatch(/^clauderun\.paperclip\.io\/nightly-[a-z0-9]{5}\n$/);
  });

  it.each([
    ["stdin", [], "from stdin"],
    ["stdin, by -", ["-"], "from stdin"],
  ])("takes the prompt from %s", async (_, args, stdin) => {
    expect(await object([...args, "--agent", "a"], stdin)).toMatchObject({ spec: { prompt: "from stdin" } });
  });

  it("takes the prompt from a file", async () => {
    const file = join(mkdtempSync(join(tmpdir(), "prompt-")), "p.md");
    writeFileSync(file, "from a file\n");
    expect(await object(["--agent", "a", "--prompt-file", file])).toMatchObject({ spec: { prompt: "from a file\n" } });
  });
});

describe("is rejected in one line, before anything is created:", () => {
  const rows: readonly [what: string, args: readonly string[], line: string][] = [
    ["no agent", ["hi"], "--agent NAME is missing"],
    ["a wrong agent", ["hi", "--agent", "My Agent"], "--agent: must be a DNS label"],
    ["a wrong number", ["hi", "--agent", "a", "--max-turns", "x"], "--max-turns: must be a whole number"],
    ["a wrong time", ["hi", "--agent", "a", "--timeout", "5x"], "--timeout: must be a time such as 90s, 30m or 2h"],
    [
      "a wrong amount",
      ["hi", "--agent", "a", "--max-budget-usd", "0"],
      "--max-budget-usd: must be an amount of dollars",
    ],
    ["a wrong policy", ["hi", "--agent", "a", "--concurrency-policy", "Now"], "must be one of Queue, Forbid, Replace"],
    ["a prompt too long", ["--agent", "a"], "the prompt: must be at most 64 KiB of UTF-8"],
    [
      "two ways to permit",
      ["hi", "--agent", "a", "--permission-mode", "plan", "--dangerously-skip-permissions"],
      "keep one of them",
    ],
    ["a variable without a value", ["hi", "--agent", "a", "--env", "X"], "--env X: must be NAME=VALUE"],
    ["two prompts", ["hi", "--agent", "a", "--prompt-file", "x"], "give either"],
    ["an unknown flag", ["hi", "--agents", "a"], "unknown option '--agents' (Did you mean --agent?)"],
  ];
  it.each(rows)("%s", async (what, args, line) => {
    const stdin = what === "a prompt too long" ? "é".repeat(40_000) : "";
    const ended = await bench.run(["run", ...args], { stdin });
    expect(ended).toMatchObject({ code: 2, stdout: "" });
    expect(ended.stderr).toContain(line);
    expect(ended.stderr.trimEnd().split("\n")).toHaveLength(1);
    expect(bench.api.runs).toEqual([]);
  });

  it("no prompt at all", async () => {
    const { code, stderr } = await bench.run(["run", "--agent", "a"]);
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining("stdin is empty") as string });
  });

  it("a name that is taken", async () => {
    bench.put("one");
    const { code, stderr } = await bench.run(basic);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: "error: run one already exists in namespace agents: choose another --name\n",
    });
  });
});

describe("making it", () => {
  it("prints its name", async () => {
    expect(await bench.run(basic)).toEqual({ code: 0, stdout: "one created\n", stderr: "" });
    expect(bench.api.runs).toMatchObject([{ metadata: { name: "one" }, spec: { agent: "nightly", prompt: "Work." } }]);
  });

  it("makes one, though the answer was lost", async () => {
    let lost = 0;
    bench.api.fault = ({ verb }) =>
      verb === "create clauderuns" && lost++ === 0 ? { kind: "reset", done: true } : undefined;
    expect(await bench.run(basic)).toMatchObject({ code: 0, stdout: "one created\n" });
    expect(bench.api.runs).toHaveLength(1);
  });

  it("goes on in the session of the agent's newest finished run, on its workspace", async () => {
    const workspace = { persistentVolumeClaim: { claimName: "work" } };
    const ended = (time: string, id: string): object => ({
      phase: "Failed",
      completionTime: time,
      session: { id },
      conditions: [],
    });
    bench.put("older", { workspace }, ended("2026-11-23T00:05:00Z", "s-old"));
    bench.put("newer", { workspace }, ended("2026-11-23T00:07:00Z", "s-new"));
    bench.put("else", { agent: "other" }, ended("2026-11-23T00:09:00Z", "s-other"));
    bench.put("at-work", {}, { phase: "Running", session: { id: "s-now" } });
    const { stderr } = await bench.run([...basic, "--resume-last"]);
    expect(stderr).toBe("continuing session s-new of newer, workspace work\n");
    expect(bench.api.get("clauderuns", "one")).toMatchObject({ spec: { session: { resume: "s-new" }, workspace } });
  });

  it("fails if there is no session to continue", async () => {
    const { code, stderr } = await bench.run([...basic, "--resume-last"]);
    expect(code).toBe(1);
    expect(stderr).toBe(
      "error: agent nightly has no finished run with a session in namespace agents: leave out --resume-last\n",
    );
  });
});

describe("an editor", () => {
  it("is not opened where there is no terminal", async () => {
    const directory = mkdtempSync(join(tmpdir(), "editor-"));
    writeFileSync(join(directory, "editor"), "#!/bin/sh\necho opened > $1\n");
    chmodSync(join(directory, "editor"), 0o755);
    const { code } = await bench.run(["run", "--agent", "a"], { env: { EDITOR: join(directory, "editor") } });
    expect(code).toBe(2);
  });
});
