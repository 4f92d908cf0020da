/** Starts the built runner, the file that is mounted into the container, as a process. */
import { execFile, execFileSync, spawn, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
export const builtRunner = `${root}dist/runner.mjs`;

/** Exit code and output of a process. */
export interface ProcessResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Builds dist/ if it is missing or older than the sources. */
export function buildRunner(): void {
  execFileSync(process.execPath, ["tools/build.ts"], { cwd: root });
}

/** Runs `node runner.mjs …` to its end. */
export function runBuilt(args: readonly string[], stdin = ""): Promise<ProcessResult> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [builtRunner, ...args], (_error, stdout, stderr) => {
      resolve({ code: child.exitCode, stdout, stderr });
    });
    // The process need not read its whole input.
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(stdin);
  });
}

/** Starts `node runner.mjs` as in the container; `wrapper` is a command that executes its last arguments. */
export function startBuilt(
  environment: NodeJS.ProcessEnv,
  stdout: "pipe" | number,
  wrapper: readonly string[] = [],
): ChildProcess {
  const command = [...wrapper, process.execPath, builtRunner];
  return spawn(command[0] ?? "", command.slice(1), { env: environment, stdio: ["ignore", stdout, "pipe"] });
}
