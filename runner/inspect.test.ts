import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseInspectArguments } from "./command-line.ts";
import { buildRunner, runBuilt } from "./test-process.ts";

let directory: string;
beforeAll(async () => {
  buildRunner();
  directory = await mkdtemp(join(tmpdir(), "inspect-"));
  await writeFile(join(directory, "empty"), "");
}, 60_000);
afterAll(() => rm(directory, { recursive: true }));

describe("arguments", () => {
  test("that are right", () => {
    const request = { file: "f", stderrFile: "e", exitCode: 3 };
    expect(parseInspectArguments(["f", "--stderr=e", "--exit-code", "3"])).toEqual([request]);
    expect(parseInspectArguments(["--stderr=e", "f", "--exit-code=3", "g"])).toEqual([request, { file: "g" }]);
    expect(parseInspectArguments(["--signal", "kill", "--", "-f"])).toEqual([{ file: "-f", signal: "SIGKILL" }]);
    expect(parseInspectArguments(["f", "--exit-code", "-9"])).toEqual([{ file: "f", signal: "SIGKILL" }]);
    expect(parseInspectArguments(["f", "-h"])).toBeUndefined();
  });

  test.each([
    [[], "FILE is missing"],
    [["a", "--bogus"], "allowed are --stderr FILE"],
    [["a", "--exit-code", "x"], "allowed is a number from 0 to 255"],
    [["a", "--exit-code", "256"], "allowed is a number from 0 to 255"],
    [["a", "--signal", "SIGNOPE"], "allowed is a signal's name"],
    [["a", "--signal"], "--signal needs a value"],
    [["a", "--signal", "9", "--exit-code", "1"], "not both"],
  ])("%j are refused: %s", (args, message) => {
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

  test("exits with 1 and a next step for what it cannot read", async () => {
    const [missing, folder] = await Promise.all([
      runBuilt(["inspect", "/nonexistent"]),
      runBuilt(["inspect", directory]),
    ]);
    expect(missing).toMatchObject({ code: 1, stdout: "" });
    expect(missing.stderr).toContain("check the path");
    expect(folder).toMatchObject({ code: 1, stdout: "" });
    expect(folder.stderr).toContain("is a directory");
  });

  test("prints a line for each of several files, and goes on after one that it cannot read", async () => {
    const empty = join(directory, "empty");
    const { code, stdout } = await runBuilt(["inspect", empty, "--exit-code=3", "/nonexistent", empty]);
    expect(code).toBe(1);
    const found = stdout.trimEnd().split("\n");
    expect(found.map((line) => (JSON.parse(line) as { reason: string }).reason)).toEqual([
      "ClaudeStartFailed",
      "NoResult",
    ]);
  });

  test("judges an empty log: nothing is inferred", async () => {
    const { code, stdout } = await runBuilt(["inspect", join(directory, "empty")]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ phase: "Failed", reason: "NoResult", result: {} });
  });
});
