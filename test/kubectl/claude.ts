/** `kubectl claude` as people have it: kubectl finds the built file on PATH. */
import { execFile } from "node:child_process";
import { mkdtempSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const dist = fileURLToPath(new URL("../../cli/dist/", import.meta.url));
const directory = mkdtempSync(join(tmpdir(), "kubectl-claude-"));
for (const program of ["kubectl-claude", "kubectl_complete-claude"]) {
  symlinkSync(join(dist, program === "kubectl-claude" ? "kubectl-claude.js" : program), join(directory, program));
}

/** The environment in which kubectl has the plugin. */
export const environment = { ...process.env, PATH: `${directory}:${process.env["PATH"] ?? ""}` };

/** How it ended, and what it printed. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs it to its end, whatever that is. */
export function claude(args: readonly string[]): Promise<Ended> {
  return withPlugin(["claude", ...args]);
}

/** kubectl itself, with the plugin on PATH. */
export function withPlugin(args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const options = { env: environment, timeout: 120_000 };
    const child = execFile("kubectl", args, options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), stdout, stderr });
    });
    child.stdin?.end();
  });
}
