/**
 * Runs the project's checks and prints one closing line, "N passed, N failed"; exits 1 if anything failed.
 *   node tools/check.ts [--cluster [--long] [--take-down]]
 * Every test counts once, and so does each check that is not a test (types, lint, format, prose, generated files).
 */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CheckReport } from "./check-reporter.ts";

interface Step {
  readonly name: string;
  readonly command: readonly string[];
  /** vitest writes what became of its tests here; without it the step itself is what passes or fails. */
  readonly report?: string;
  /** Environment variables in addition to those of this process. */
  readonly env?: Readonly<Record<string, string>>;
}

interface Count {
  passed: number;
  failed: number;
}

const reports = mkdtempSync(join(tmpdir(), "claude-run-check-"));
/** The tools' caches of results for unchanged files. */
const cache = "node_modules/.cache/claude-run";
mkdirSync(cache, { recursive: true });
const total: Count = { passed: 0, failed: 0 };
/** The failures are printed again at the end, because CI may keep only the last lines of the output. */
const failures: string[] = [];

function vitest(project: string, wrapper: readonly string[] = [], env: Record<string, string> = {}): Step {
  const report = join(reports, `${project}.json`);
  const command = [
    ...wrapper,
    "vitest",
    "run",
    "--project",
    project,
    "--reporter=default",
    "--reporter=./tools/check-reporter.ts",
  ];
  return { name: `${project} tests`, command, report, env: { ...env, CHECK_REPORT: report } };
}

/** When a step's output is shown: as it comes, whole once the step has ended, or only if it has failed. */
type Shown = "live" | "afterwards" | "on failure";

async function run(step: Step, shown: Shown = "live"): Promise<boolean> {
  const startedMs = Date.now();
  const title = `\n── ${step.name}: ${step.command.join(" ")}`;
  if (shown === "live") console.log(title);
  const [file = "", ...args] = step.command;
  const stdio = shown === "live" ? "inherit" : "pipe";
  const child = spawn(file, args, { stdio: ["ignore", stdio, stdio], env: { ...process.env, ...step.env } });
  const output: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk: Buffer) => output.push(chunk));
  const code = await new Promise<number>((resolve) => {
    child.on("error", (error) => {
      output.push(Buffer.from(`${error.message}\n`));
      resolve(127);
    });
    child.on("close", (exitCode) => {
      resolve(exitCode ?? 1);
    });
  });
  const ok = code === 0;
  const seconds = ((Date.now() - startedMs) / 1000).toFixed(1);
  if (shown === "afterwards") console.log(title);
  if (shown === "afterwards" || !ok) process.stdout.write(Buffer.concat(output));
  console.log(`${ok ? "✓" : "✗"} ${step.name} (${seconds} s)`);
  count(step, ok);
  return ok;
}

function count(step: Step, ok: boolean): void {
  if (step.report === undefined || !existsSync(step.report)) {
    total[ok ? "passed" : "failed"] += 1;
    if (!ok) failures.push(step.name);
    return;
  }
  const report = JSON.parse(readFileSync(step.report, "utf8")) as CheckReport;
  failures.push(...(report.failures.length === 0 && !ok ? [`${step.name}: ended badly, see above`] : report.failures));
  total.passed += report.passed;
  // A file that does not even load, or an error outside any test, fails no test, yet vitest fails.
  total.failed += ok ? report.failed : Math.max(1, report.failed);
}

const options = ["--cluster", "--long", "--take-down"];

async function main(): Promise<void> {
  const wants = new Set(process.argv.slice(2));
  const unknown = [...wants].filter((word) => !options.includes(word));
  if (unknown.length > 0) throw new Error(`unknown option ${unknown.join(" ")}: allowed are ${options.join(", ")}`);

  const isFresh = run({ name: "generated files", command: ["node", "crds/generate.ts", "--check"] }, "on failure");
  const hasTypes = run(
    { name: "types", command: ["tsc", "-p", ".", "--incremental", "--tsBuildInfoFile", `${cache}/tsbuildinfo`] },
    "on failure",
  );
  // Live, because building Vale takes minutes the first time.
  const isPlain = run({ name: "prose", command: ["node", "tools/prose/check.ts"] });
  await Promise.all([isFresh, hasTypes, isPlain]);
  // Judged by types of other files too, so its cache can be stale: good enough between edits, not before a merge.
  const lint = wants.has("--cluster")
    ? ["eslint", "."]
    : ["eslint", ".", "--cache", "--cache-strategy=content", `--cache-location=${cache}/eslint`];
  const isClean = run({ name: "lint", command: lint }, "on failure");
  const isFormatted = run(
    {
      name: "format",
      command: ["prettier", "--log-level", "warn", "--check", ".", "--cache", `--cache-location=${cache}/prettier`],
    },
    "on failure",
  );
  const long = wants.has("--long");
  await run(vitest("unit", [], long ? { SIMULATION_SEEDS: "4000", LONG: "1" } : {}));
  await Promise.all([isClean, isFormatted]);
  if (long) await run({ name: "mutations", command: ["node", "test/mutations/main.ts"] });

  if (!wants.has("--cluster")) return;
  try {
    await checkOnCluster(long);
  } finally {
    for (const env of [second, ...(wants.has("--take-down") ? [{}] : [])])
      await run({ name: "cluster down", command: [cluster, "down"], env }, "on failure");
  }
}

const cluster = "test/cluster/cluster";
/** The faults restart parts of their own cluster, so that other tests can stop the operator meanwhile. */
const second = { CLUSTER_INSTANCE: "faults" };

async function checkOnCluster(long: boolean): Promise<void> {
  const isUp =
    (await run({ name: "cluster", command: [cluster, "up"] })) &&
    (await run({ name: "images", command: [cluster, "images"] }));
  if (isUp && long) await fetchForLong();
  const env = long ? { LONG: "1" } : {};
  if (isUp) await run(vitest("cluster", [cluster, "run"], env));
  // These wait for rollouts most of the time, and leave the cores to what needs no operator.
  const alone = async (): Promise<void> => {
    if (!isUp) return;
    await run(vitest("cluster-alone", [cluster, "run"], env));
    // After all that uses them.
    await run({ name: "rights granted = used", command: [cluster, "run", "node", "test/chart/used-rights.ts"] });
  };
  const parallel = async (): Promise<void> => {
    await run(vitest("cli"), "afterwards");
    await checkFaults(long);
  };
  await Promise.all([alone(), parallel()]);
  // Clusters of its own: killed half-way, side by side, restarted part by part.
  if (long) await run({ name: "cluster selftest", command: ["test/cluster/selftest"] });
}

/** A node to lose, linters of the chart, and a host for the adapter. A missing one fails only its own tests. */
async function fetchForLong(): Promise<void> {
  await run({ name: "tools", command: [cluster, "build", "kwok", "kube-score", "promtool"] });
  await run({ name: "checkov", command: ["node", "test/chart/checkov.ts"] });
  await run({ name: "paperclip", command: ["node", "test/paperclip/packages.ts"] });
}

async function checkFaults(long: boolean): Promise<void> {
  const isUp =
    (await run({ name: "second cluster", command: [cluster, "up"], env: second }, "on failure")) &&
    (await run({ name: "its image", command: [cluster, "images", "agent"], env: second }, "on failure"));
  if (isUp)
    await run(vitest("faults", [cluster, "run"], { ...second, ...(long ? { FAULTS: "long" } : {}) }), "afterwards");
}

try {
  await main();
} catch (error) {
  failures.push(error instanceof Error ? error.message : String(error));
  total.failed += 1;
} finally {
  rmSync(reports, { recursive: true, force: true });
}
for (const failure of failures) console.log(`\n✗ ${failure}`);
console.log(`\n${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed === 0 ? 0 : 1;
