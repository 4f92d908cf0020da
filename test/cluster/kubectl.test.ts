/** kubectl as the tests call it, with a stub in its place: what it says is told, however soon it ends. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { kubectl } from "./kubectl.ts";

const path = process.env["PATH"];
let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "kubectl-stub-"));
  process.env["PATH"] = `${directory}:${path}`;
});
afterEach(() => {
  process.env["PATH"] = path;
  rmSync(directory, { recursive: true });
});

function stub(script: string): void {
  writeFileSync(join(directory, "kubectl"), `#!/bin/sh\n${script}\n`);
  chmodSync(join(directory, "kubectl"), 0o755);
}

/** More than a pipe holds, so that the writer is still at it when the reader goes. */
const large = { text: "x".repeat(4 * 1024 * 1024) };

it("an end before all input was read is kubectl's own failure, nothing beside it", async () => {
  stub("echo refused >&2; exit 3");
  await expect(kubectl(["create", "-f", "-"], large)).rejects.toMatchObject({ code: 3, stderr: "refused\n" });
});

it("input that nobody reads does not spoil a success", async () => {
  stub("echo created");
  expect(await kubectl(["create", "-f", "-"], large)).toBe("created\n");
});

it("without input there is nothing to wait for", async () => {
  stub("cat; echo over");
  expect(await kubectl(["get", "pods"])).toBe("over\n");
});
