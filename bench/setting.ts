/** Context of the figures: versions, machine, flags, load, date, commit. */
import { execFileSync } from "node:child_process";
import { cpus, totalmem, loadavg } from "node:os";
import { fileURLToPath } from "node:url";
import { serverVersion, type Client } from "./client.ts";
import { flags } from "./components.ts";
import { kwokVersion } from "./fake-node.ts";

const checkout = fileURLToPath(new URL("..", import.meta.url));
const bytesPerGiB = 1024 ** 3;

/** Returns the context of all benchmarks. */
export async function environmentOf(client: Client): Promise<Record<string, string>> {
  const model = cpus()[0]?.model ?? "unknown";
  return {
    date: new Date().toISOString().slice(0, 16).replace("T", " ") + " UTC",
    commit: commit(),
    machine: `${cpus().length} cores (${model}), ${Math.round(totalmem() / bytesPerGiB)} GiB; everything runs on it`,
    "load average (1 min)": `${process.env["BENCH_LOAD"] ?? "unknown"} before set-up, ${(loadavg()[0] ?? 0).toFixed(2)} at the end`,
    versions: `Kubernetes ${await serverVersion(client)}, Node ${process.version}`,
    ...flags(),
  };
}

/** Returns the context of `npm run bench`. */
export async function setting(client: Client): Promise<Record<string, string>> {
  return {
    ...(await environmentOf(client)),
    "fake node": `kwok ${kwokVersion()}`,
    method:
      "from the POST to the arrival of the watch event, with one client. " +
      "Fake pods run 0.2 s (bursts: 1 s). The operator runs as one process from dist/operator.mjs",
  };
}

function commit(): string {
  const git = (...args: string[]): string =>
    execFileSync("git", ["-C", checkout, ...args], { encoding: "utf8" }).trim();
  try {
    const changed = git("status", "--porcelain", "--", "operator", "crds", "runner", "adapter", "package-lock.json");
    return git("rev-parse", "--short", "HEAD") + (changed === "" ? "" : " with uncommitted changes");
  } catch {
    return "unknown (no git)";
  }
}
