/** One kubeconfig, three clients: kubectl, the adapter's and kubectl claude's Connection, the operator's Transport. */
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { Connection } from "../connection.ts";
import { Transport } from "../../operator/kubernetes/transport.ts";
import { loadAccess, type LoadOptions } from "../access.ts";
import type { Environment } from "../environment.ts";
import type { RecordingServers } from "./recording-servers.ts";

export interface Case {
  /**
   * Text by path below the case's own folder; FOLDER in a text is replaced by its path. Default kubeconfig:
   * `config`.
   */
  readonly files: Readonly<Record<string, string | Uint8Array>>;
  readonly env?: Readonly<Record<string, string>>;
  /** Flags of kubectl and of the loader. */
  readonly flags?: Omit<LoadOptions, "environment">;
}

export interface Outcome {
  readonly works: boolean;
  readonly requests: readonly unknown[];
  readonly proxied: readonly unknown[];
}

/** Returns the outcome of each client, and the error messages for failing tests. */
export async function outcomes(given: Case, servers: RecordingServers) {
  const folder = mkdtempSync(join(tmpdir(), "kubeconfig-"));
  for (const [path, content] of Object.entries(given.files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    const text = typeof content === "string" ? content.replaceAll("FOLDER", folder) : content;
    writeFileSync(join(folder, path), text, { mode: path.endsWith(".sh") ? 0o755 : 0o600 });
  }
  const variables = {
    PATH: process.env["PATH"] ?? "",
    HOME: folder,
    KUBECONFIG: join(folder, "config"),
    ...Object.fromEntries(Object.entries(given.env ?? {}).map(([k, v]) => [k, v.replaceAll("FOLDER", folder)])),
  };
  const environment: Environment = {
    variables,
    directory: folder,
    serviceAccountDirectory: join(folder, "account"),
    isStdinTerminal: () => false,
  };
  const errors: string[] = [];
  const outcome = async (ask: () => Promise<unknown>): Promise<Outcome> => {
    servers.take();
    const works = await ask().then(
      () => true,
      (error: unknown) => errors.push((error as Error).message) === 0,
    );
    return { works, ...servers.take() };
  };
  const options = { ...given.flags, environment };
  return {
    kubectl: await outcome(() => kubectl(variables, { folder, flags: given.flags ?? {} })),
    connection: await outcome(async () => {
      const connection = Connection.load(options, { userAgent: "test" });
      try {
        return await connection.once("GET", "/version");
      } finally {
        connection.close();
      }
    }),
    transport: await outcome(async () => {
      const transport = new Transport(loadAccess(options), { userAgent: "test" });
      try {
        return await transport.request("GET", "/version");
      } finally {
        transport.close();
      }
    }),
    errors,
    folder,
  };
}

/** `kubectl version` requests only /version below the server's path. */
async function kubectl(
  env: NodeJS.ProcessEnv,
  { folder, flags }: { readonly folder: string; readonly flags: NonNullable<Case["flags"]> },
): Promise<void> {
  const words = Object.entries(flags).flatMap(([name, value]) => {
    const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    return [value].flat().map((each) => `${flag}=${String(each)}`);
  });
  const running = promisify(execFile)("kubectl", ["version", "--output=json", ...words], { cwd: folder, env });
  running.child.stdin?.end();
  await running;
}
