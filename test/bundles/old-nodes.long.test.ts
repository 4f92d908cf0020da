/** The bundles under Nodes that are too old, fetched from npm into a temporary folder. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const platform = `node-${process.platform}-${process.arch}`;

/** The program of npm's package of this Node. */
function nodeOf(major: number): string {
  const prefix = mkdtempSync(join(tmpdir(), `node-${major}-`));
  execFileSync("npm", ["install", "--silent", "--no-save", "--prefix", prefix, `${platform}@${major}`]);
  return join(prefix, "node_modules", platform, "bin/node");
}

describe.each([14, 16, 18, 20, 22])("Node %d", (major) => {
  it("is told in one line that it is too old, or works", { timeout: 300_000 }, () => {
    const node = nodeOf(major);
    const rows = [
      ["cli/dist/kubectl-claude.js", "kubectl claude needs Node.js 24 or newer"],
      ...(major >= 18 ? [["dist/operator.mjs", "the operator needs Node.js 24 or newer"]] : []),
      ...(major === 16 || major === 18 ? [["dist/runner.mjs", "the runner needs Node.js 20 or newer"]] : []),
    ];
    for (const [file = "", line = ""] of rows) {
      const { status, stdout, stderr } = spawnSync(node, [file, "list"], { encoding: "utf8" });
      expect({ file, status, stdout }).toEqual({ file, status: 1, stdout: "" });
      expect(stderr).toMatch(new RegExp(`^error: ${line}, and this is v${major}\\..*\\n$`));
    }
    if (major < 20) return;
    const help = spawnSync(node, ["dist/runner.mjs", "inspect", "--help"], { encoding: "utf8" });
    expect({ status: help.status, stderr: help.stderr }).toEqual({ status: 0, stderr: "" });
  });
});
