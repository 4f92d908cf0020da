/** A shell as a reader of the documents has it: in the checkout, with kubectl's namespace set and the plugin on PATH. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { command } from "../command.ts";
import { environment } from "../kubectl/claude.ts";

const run = promisify(execFile);
export const checkout = fileURLToPath(new URL("../..", import.meta.url));

export interface Ended {
  readonly code: number;
  /** What was written to stdout and stderr, in the order in which it came. */
  readonly output: string;
}

/** kubectl's namespace is a kubeconfig's affair: a copy of the cluster's with another one. */
export class Shell {
  readonly #directory: string;
  readonly #kubeconfig: string;

  private constructor(directory: string) {
    this.#directory = directory;
    this.#kubeconfig = join(directory, "kubeconfig");
  }

  static async open(namespace: string): Promise<Shell> {
    const shell = new Shell(mkdtempSync(join(tmpdir(), "claude-run-shell-")));
    const config = await command(["kubectl", "config", "view", "--raw", "--flatten", "--minify"], "", {});
    await command(["sh", "-c", `umask 077; cat > ${shell.#kubeconfig}`], config, {});
    await shell.run(`kubectl config set-context --current --namespace=${namespace}`);
    return shell;
  }

  close(): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }

  /** A directory that lasts as long as this shell. */
  get directory(): string {
    return this.#directory;
  }

  /** Runs a script until it ends or the first of its commands fails. */
  async run(script: string): Promise<Ended> {
    const env = { ...environment, KUBECONFIG: this.#kubeconfig };
    const options = { cwd: checkout, env, timeout: 300_000, maxBuffer: 16 * 1024 * 1024 };
    try {
      const { stdout } = await run("sh", ["-euc", `exec 2>&1\n${script}`], options);
      return { code: 0, output: stdout };
    } catch (error) {
      const { code, stdout } = error as { code?: unknown; stdout?: string };
      if (typeof code !== "number") throw error;
      return { code, output: stdout ?? "" };
    }
  }
}
