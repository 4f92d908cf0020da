/** kubectl claude on the real cluster, with the real CLI in the pod: as a process, and in a real terminal. */
import { chmodSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { kubectl } from "../cluster/kubectl.ts";
import { Stage, type Turn } from "../e2e/stage.ts";
import { claude, withPlugin } from "./claude.ts";
import { columns, Screen } from "./screen.ts";

let stage: Stage;
let api: string;
beforeAll(async () => {
  stage = await Stage.open("plugin");
  api = await kubectl(["get", "-n", "fake-api", "service/fake-api", "-o", "jsonpath={.spec.clusterIP}"]);
});
afterAll(() => stage.close());

/** The arguments of a run that follows a script. */
function script(name: string, turns: readonly Turn[], ...flags: readonly string[]): string[] {
  const prompt = `Do as you are told @fake ${JSON.stringify(turns)}`;
  const agent = flags.includes("--agent") ? [] : ["--agent", name];
  const container = [
    "--credentials",
    "anthropic",
    "--env",
    `ANTHROPIC_BASE_URL=http://${api}`,
    "--allowed-tools",
    "Bash",
  ];
  return ["run", prompt, "-n", stage.namespace, "--name", name, ...agent, ...container, ...flags];
}

function here(...args: string[]): Promise<Awaited<ReturnType<typeof claude>>> {
  return claude([...args, "-n", stage.namespace]);
}

const tool: Turn = { tool: "Bash", input: { command: "seq 6" } };

describe.concurrent("as a process", () => {
  it("run --follow shows what claude does and ends with its code; logs, list, cost and why tell of it after", async () => {
    const ended = await claude(script("well", [tool, { text: "Six lines." }], "--follow"));
    expect(ended, ended.stderr).toMatchObject({ code: 0 });
    const said = ["  → Bash seq 6", "  ← 1", "    2", "    3", "    … 3 more lines", "Six lines."].join("\n");
    expect(ended.stdout).toContain(said);
    expect(ended.stderr).toMatch(/well succeeded: 2 turns, \$0\.\d+, \d+s\n$/);

    const { status } = await stage.get("well");
    const costUSD = status?.result?.costUSD ?? "?";
    expect((await here("logs", "well")).stdout).toBe(ended.stdout);
    const raw = (await here("logs", "we", "--raw")).stdout;
    expect(raw).toContain('"type":"result"');
    expect(raw).not.toContain('"type":"runner"');
    expect((await here("list", "--agent", "well")).stdout).toMatch(
      new RegExp(`^well +well +Succeeded +Completed +2 +${costUSD} +\\d+`, "m"),
    );
    expect((await here("cost", "--agent", "well")).stdout).toContain(costUSD);
    const story = (await here("why", "well")).stdout;
    expect(story).toMatch(/^well {2}Succeeded: Completed\n/);
    expect(story).toMatch(
      /admitted {2}holds the slot[^]*Scheduled[^]*started {2}the container runs[^]*ended {2}Succeeded/,
    );
    const { stdout } = await claude(["__complete", "logs", "-n", stage.namespace, "we"]);
    expect(stdout).toBe("well\tSucceeded\n:4\n");
  });

  it("a failure ends with claude's own code, and why says what to do", async () => {
    const ended = await claude(script("turns", [tool, tool], "--max-turns", "1", "--wait"));
    expect(ended, ended.stderr).toMatchObject({ code: 1, stdout: "" });
    expect(ended.stderr).toContain(`turns failed (MaxTurns)`);
    const story = await here("why", "turns");
    expect(story.stdout).toContain("What to do\n  Resume the session with a new run, or raise claude.maxTurns.\n");
  });

  it("a run that can't start ends with 125, and its Events tell why", async () => {
    const ended = await claude(
      script("no-image", [], "--image", "localhost/no/such:image", "--start-deadline", "8s", "--wait"),
    );
    expect(ended, ended.stderr).toMatchObject({ code: 125 });
    expect((await here("why", "no-image")).stdout).toMatch(/pod +Failed.* {2}Failed to pull image/);
  });

  it("prints a rejection of the API server in one line", async () => {
    const ended = await claude(script("Not_A_Name", [{ text: "no" }], "--agent", "well"));
    expect(ended).toMatchObject({ code: 1, stdout: "" });
    expect(ended.stderr).toMatch(/^error: the API server rejected the run: .*metadata\.name.*\n$/);
  });

  it("doctor finds nothing wrong, and the plugin is found by kubectl's completion", async () => {
    const { code, stdout } = await here("doctor");
    expect(code, stdout).toBe(0);
    expect(stdout).toMatch(/✓ Operator \S+ is the leader\./);
    const words = await withPlugin(["__complete", "claude", "lo"]);
    expect(words.stdout).toBe("logs\tprint the log of a run\n:4\n");
  });
});

describe("in a terminal of 80 columns", () => {
  it("a run is made, watched, left by Ctrl-C, seen by top, explained while it waits, and cancelled", async () => {
    const screen = await Screen.open();
    const n = `-n ${stage.namespace}`;
    try {
      await claude(script("holder", [{ hang: true }], "--agent", "busy"));
      await stage.shows("holder", "Running");
      await claude(script("waiter-with-a-name-that-is-long", [{ text: "ok" }], "--agent", "busy"));

      await screen.type(`clear; kubectl claude logs -f holder ${n}; echo "code $?"`);
      await screen.shows((text) => text.includes("session "));
      await screen.press("C-c");
      const left = await screen.shows((text) => text.includes("code 130"));
      expect(left).toContain(
        `stopped following holder; it continues\n  follow:  kubectl claude logs -n ${stage.namespace} -f holder`,
      );

      await screen.type(`clear; kubectl claude top ${n}; echo "code $?"`);
      const top = await screen.shows((text) => /^busy +holder +Running .* 1 /m.test(text));
      expect(top.split("\n")[0]).toMatch(/ running, .* queued · \d\d:\d\d:\d\d UTC$/);
      expect(top).toContain("q quits");
      expect(Math.max(...top.split("\n").map((line) => line.length))).toBeLessThanOrEqual(columns);
      await screen.press("q");
      const back = await screen.shows((text) => text.includes("code 0"));
      expect(back).not.toContain("AGENT");

      const pidFile = join(mkdtempSync(join(tmpdir(), "top-")), "pid");
      await screen.type(`clear; sh -c 'echo $$ > ${pidFile}; exec kubectl claude top ${n}'; echo "code $?"`);
      await screen.shows((text) => text.includes("q quits"));
      process.kill(Number(readFileSync(pidFile, "utf8")), "SIGTERM");
      const restored = await screen.shows((text) => text.includes("code 1"));
      expect(restored).not.toContain("AGENT");

      await screen.type(`clear; kubectl claude list --agent busy ${n}; echo "code $?"`);
      await screen.shows((text) => text.includes("code 0"));
      expect(await screen.painted()).toContain("\u001b[");
      await screen.type(`clear; NO_COLOR=1 kubectl claude list --agent busy ${n}; echo "code $?"`);
      await screen.shows((text) => text.includes("code 0"));
      expect(await screen.painted()).not.toContain("\u001b[");

      await screen.type(`clear; kubectl claude list --agent busy ${n}`);
      const list = await screen.shows((text) => text.includes("holder") && text.trimEnd().endsWith("ready>"));
      // No row wraps: each run has one.
      expect(list.split("\n").filter((line) => / busy +(Running|Queued) /.test(line))).toHaveLength(2);

      await screen.type(`clear; kubectl claude why waiter ${n}`);
      await screen.shows((text) => text.includes("ahead     holder (Running)") && text.includes("position  1"));

      await screen.type(`clear; kubectl claude cancel --wait holder ${n}; echo "code $?"`);
      const cancelled = await screen.shows((text) => text.includes("code 0"));
      expect(cancelled).toContain("holder was cancelled (Cancelled): ");
      expect((await stage.get("holder")).spec.cancelReason).toMatch(/^by \S+ with kubectl claude$/);
    } finally {
      await screen.close();
    }
  });

  it("the prompt is written in an editor", async () => {
    const editor = join(mkdtempSync(join(tmpdir(), "editor-")), "editor");
    writeFileSync(editor, '#!/bin/sh\n{ echo "Write a poem."; cat "$1"; } > "$1.new"; mv "$1.new" "$1"\n');
    chmodSync(editor, 0o755);
    const screen = await Screen.open({ EDITOR: editor, VISUAL: "" });
    try {
      const n = `-n ${stage.namespace}`;
      await screen.type(
        `clear; kubectl claude run --agent nightly --credentials anthropic ${n} --name poem; echo "code $?"`,
      );
      const made = await screen.shows((text) => text.includes("code 0"));
      expect(made).toContain("poem created");
      const run = await stage.ended("poem");
      expect(run.spec.prompt).toBe("Write a poem.");
      expect(run.status?.phase).toBe("Succeeded");
    } finally {
      await screen.close();
    }
  });
});
