import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseInspectArguments } from "./command-line.ts";
import { buildRunner, runBuilt } from "./testing/process.ts";

let directory: string;
beforeAll(async () => {
  buildRunner();
  directory = await mkdtemp(join(tmpdir(), "inspect-"));
  await writeFile(join(directory, "empty"), "");
}, 60_000);
afterAll(() => rm(directory, { recursive: true }));

describe("arguments", () => {
  test("are parsed", () => {
    const request = { file: "f", stderrFile: "e", exitCode: 3 };
    expect(parseInspectArguments(["f", "--stderr=e", "--exit-code", "3"])).toEqual([request]);
    expect(parseInspectArguments(["--stderr=e", "f", "--exit-code=3", "g"])).toEqual([request, { file: "g" }]);
    expect(parseInspectArguments(["--signal", "kill", "--", "-f"])).toEqual([{ file: "-f", signal: "SIGKILL" }]);
    expect(parseInspectArguments(["f", "--exit-code", "-9"])).toEqual([{ file: "f", signal: "SIGKILL" }]);
    expect(parseInspectArguments(["f", "-h"])).toBeUndefined();
  });

  test.each([
    [[], "FILE is missing"],
    [["a", "--bogus"], "allowed: --stderr FILE"],
    [["a", "--exit-code", "x"], "allowed: 0 to 255"],
    [["a", "--exit-code", "256"], "allowed: 0 to 255"],
    [["a", "--signal", "SIGNOPE"], "allowed: a name or number"],
    [["a", "--signal"], "--signal needs a value"],
    [["a", "--signal", "9", "--exit-code", "1"], "exclude each other"],
  ])("%j are rejected: %s", (args, message) => {
    expect(() => parseInspectArguments(args)).toThrow(message);
  });
});

describe.concurrent("the command", () => {
  test("exits with 2 and the usage for wrong arguments", async () => {
    const { code, stdout, stderr } = await runBuilt(["inspect", "--bogus", "x"]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/unknown option --bogus.*Usage: inspect FILE/su);
  });

  test("exits with 0 and the usage for --help", async () => {
    expect(await runBuilt(["inspect", "--help"])).toMatchObject({ code: 0, stderr: "" });
  });

  test("exits with 1 and a next step for unreadable files", async () => {
    const [missing, folder] = await Promise.all([
      runBuilt(["inspect", "/nonexistent"]),
      runBuilt(["inspect", directory]),
    ]);
    expect(missing).toMatchObject({ code: 1, stdout: "" });
    expect(missing.stderr).toContain("check the path");
    expect(folder).toMatchObject({ code: 1, stdout: "" });
    expect(folder.stderr).toContain("is a directory");
  });

  test("prints a line for each of several files, and continues after an unreadable one", async () => {
    const empty = join(directory, "empty");
    const { code, stdout } = await runBuilt(["inspect", empty, "--exit-code=3", "/nonexistent", empty]);
    expect(code).toBe(1);
    const found = stdout.trimEnd().split("\n");
    expect(found.map((line) => (JSON.parse(line) as { reason: string }).reason)).toEqual([
      "ClaudeStartFailed",
      "NoResult",
    ]);
  });

  test("reads the list that --output-format json --verbose writes, and its cost", async () => {
    const usage = { input_tokens: 100, output_tokens: 10, cache_read_input_tokens: 5, cache_creation_input_tokens: 1 };
    const model = { inputTokens: 100, outputTokens: 10, cacheReadInputTokens: 5, cacheCreationInputTokens: 1 };
    const result = {
      type: "result",
      subtype: "success",
      is_error: false,
      num_turns: 1,
      result: "fine",
      result_index: 0,
    };
    const modelUsage = { m: { ...model, costUSD: 0.0006 } };
    const list = join(directory, "list");
    const init = { type: "system", subtype: "init", session_id: "s" };
    const events = [init, { ...result, total_cost_usd: 0.0006, usage, modelUsage }];
    await writeFile(list, JSON.stringify(events));
    // As formatted by jq, and the result alone.
    const [spread, alone] = [join(directory, "spread"), join(directory, "alone")];
    await writeFile(spread, JSON.stringify(events, undefined, 2));
    await writeFile(alone, JSON.stringify(events[1], undefined, 4));
    for (const file of [list, spread, alone]) {
      const { stdout } = await runBuilt(["inspect", file, "--exit-code=0"]);
      expect(JSON.parse(stdout)).toMatchObject({ reason: "Completed", result: { text: "fine", costUSD: "0.0006" } });
    }
  });

  test("infers nothing from an empty log", async () => {
    const { code, stdout } = await runBuilt(["inspect", join(directory, "empty")]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ phase: "Failed", reason: "NoResult", result: {} });
  });
});
