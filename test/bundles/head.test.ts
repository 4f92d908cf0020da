/** An older Node is told in one line which one is needed: the head of each bundle is read by every Node. */
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runInNewContext } from "node:vm";
import { parse } from "acorn";
import { expect, it } from "vitest";
import { endOfGuard } from "../../tools/node-guard.ts";

const bundles = [
  { file: "cli/dist/kubectl-claude.js", program: "kubectl claude", least: 24 },
  { file: "dist/operator.mjs", program: "the operator", least: 24 },
  { file: "dist/runner.mjs", program: "the runner", least: 20 },
];

/** All that stands before the end of the check. */
function headOf(file: string): string {
  const [head = "", rest] = readFileSync(file, "utf8").split(endOfGuard, 2);
  expect(rest, file).toBeDefined();
  return head.replace(/^#!.*\n/, "");
}

/** What it does in a Node of this version. */
function runHead(file: string, version: string): { exitCode: number | undefined; said: string } {
  const seen: { exitCode: number | undefined; said: string } = { exitCode: undefined, said: "" };
  const stderr = { write: (text: string) => void (seen.said += text) };
  const exit = (code: number): void => void (seen.exitCode = code);
  runInNewContext(headOf(file), { process: { version, execPath: "/usr/bin/node", stderr, exit } });
  return seen;
}

it.each(bundles)("$file begins with ES5 that asks for Node $least", ({ file, program, least }) => {
  expect(() => parse(headOf(file), { ecmaVersion: 5 })).not.toThrow();
  for (const version of ["v0.12.18", "v8.17.0", "v18.20.8", `v${least - 1}.99.0`]) {
    expect(runHead(file, version)).toEqual({
      exitCode: 1,
      said: `error: ${program} needs Node.js ${least} or newer, and this is ${version} (/usr/bin/node): install a newer one, or put it first on PATH\n`,
    });
  }
  for (const version of [`v${least}.0.0`, "v100.1.0-nightly"])
    expect(runHead(file, version)).toEqual({ exitCode: undefined, said: "" });
});

it("kubectl claude is one file: it works where it is copied alone, and through a link", () => {
  const alone = mkdtempSync(join(tmpdir(), "alone-"));
  cpSync("cli/dist/kubectl-claude.js", join(alone, "kubectl-claude"));
  symlinkSync(join(process.cwd(), "cli/dist/kubectl-claude.js"), join(alone, "linked"));
  for (const file of ["kubectl-claude", "linked"])
    expect(execFileSync(process.execPath, [join(alone, file), "--version"], { encoding: "utf8" })).toMatch(/^\d/);
});
