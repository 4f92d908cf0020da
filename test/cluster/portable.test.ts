/** The stand-ins for timeout, flock and sha256sum, on a PATH that lacks them as macOS does. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

const lib = resolve("test/cluster/lib/portable.sh");
let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "cr-portable-"));
  mkdirSync(join(directory, "bin"));
  for (const name of ["perl", "shasum", "sleep", "cat"]) symlinkSync(`/usr/bin/${name}`, join(directory, "bin", name));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function bash(script: string): { code: number | null; out: string } {
  const options = { encoding: "utf8", timeout: 60_000, env: { PATH: join(directory, "bin") } } as const;
  const { status, stdout } = spawnSync("/bin/bash", ["-c", `. ${lib}\n${script}`], options);
  return { code: status, out: stdout.trim() };
}

test.each(["timeout", "flock", "sha256sum"])("%s is missing and its stand-in is used", (name) => {
  expect(bash(`type -t ${name}`).out).toBe("function");
});

test("timeout passes an exit code on, and ends what takes longer", () => {
  expect(bash("timeout 50 cat /nonexistent 2>/dev/null").code).toBe(1);
  expect(bash("timeout 1 sleep 300").code).toBeGreaterThan(128);
});

test("flock holds a lock for as long as the file is open, and tells who comes later", () => {
  const file = join(directory, "lock");
  const script = `exec 9>>${file}; flock -n 9 && echo held
    (exec 8>>${file}; flock -n 8 || echo taken; flock -w 1 8 || echo "still taken")
    exec 9>&-
    exec 8>>${file}; flock -w 30 8 && echo free`;
  expect(bash(script).out.split("\n")).toEqual(["held", "taken", "still taken", "free"]);
});

test("sha256sum prints what the real one prints", () => {
  expect(bash("echo hello | sha256sum").out).toMatch(
    /^5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03 /,
  );
});
