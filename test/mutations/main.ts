/**
 * Breaks the source on purpose, one edit at a time, in a copy of the checkout, and prints which test falls.
 *   npm run test:mutations [-- WORD ...]   (only edits with one of the words in their file's name or their description)
 * Exits 1 if an edit is survived: an invariant that no test holds is only hoped for.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { invariants, type Mutation } from "./mutation.ts";
import { mutations } from "./table.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const copy = mkdtempSync(join(tmpdir(), "claude-run-mutations-"));

/** The tests that hold the invariants in a part of the source; the rest would only cost time. */
function suitesOf({ invariant, file }: Mutation): readonly string[] {
  // A breach of the architecture changes nothing that the operator does: only the architecture's own test sees it.
  if (invariant === 8) return ["test/architecture"];
  if (file.startsWith("charts/")) return ["test/chart"];
  if (file.startsWith("client/log/")) return ["client/log", "adapter/result"];
  if (file.startsWith("runner/"))
    return ["runner/stream", "runner/output", "runner/report", "runner/run", "runner/verified"];
  if (/client-leases|run-config-maps|active-run-limit/.test(file)) return [file.replace(/\.ts$/, ".test.ts")];
  if (/kubernetes-cluster|event-recorder|pod-labels|whole-runs|attempt-jobs|pod-config-maps/.test(file))
    return ["operator/kubernetes/kubernetes-cluster.test.ts"];
  if (file.startsWith("operator/plan/")) return ["operator/plan"];
  return ["operator/decide", "operator/act", "operator/plan", "operator/kubernetes/pa", "test/simulation"];
}

interface Report {
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

function copyCheckout(): void {
  const files = execFileSync("git", ["ls-files"], { cwd: root, encoding: "utf8" }).trim().split("\n");
  for (const file of files) {
    mkdirSync(dirname(join(copy, file)), { recursive: true });
    cpSync(join(root, file), join(copy, file));
  }
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
}

/** The first test that fails, or undefined if none does. */
function firstFallen(mutation: Mutation): string | undefined {
  const report = join(copy, "report.json");
  rmSync(report, { force: true });
  const args = [
    "run",
    "--project",
    "unit",
    "--bail=1",
    "--reporter=json",
    `--outputFile=${report}`,
    ...suitesOf(mutation),
  ];
  const { status } = spawnSync("vitest", args, { cwd: copy, stdio: "ignore", timeout: 300_000 });
  if (status === 0) return undefined;
  const { testResults } = JSON.parse(readFileSync(report, "utf8")) as Report;
  const fallen = testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .find((each) => each.status === "failed");
  return fallen?.fullName ?? "the suite does not load";
}

function judge(mutation: Mutation): string | undefined {
  const path = join(copy, mutation.file);
  const source = readFileSync(path, "utf8");
  const [before, ...rest] = source.split(mutation.find);
  if (before === undefined || rest.length !== 1)
    throw new Error(`${mutation.file}: "${mutation.find}" stands there ${rest.length} times, not once`);
  writeFileSync(path, before + mutation.replace + (rest[0] ?? ""));
  try {
    return firstFallen(mutation);
  } finally {
    writeFileSync(path, source);
  }
}

const words = process.argv.slice(2);
const selected = mutations.filter(
  ({ breaks, file }) => words.length === 0 || words.some((word) => breaks.includes(word) || file.includes(word)),
);

/** So many ways to break each invariant are the least. */
const leastWays = 3;
const failures: string[] = selected.length === 0 ? ["none of the words stands in a file's name or a description"] : [];
try {
  copyCheckout();
  for (const [number, sentence] of Object.entries(invariants)) {
    const isOf = ({ invariant }: Mutation): boolean => invariant === Number(number);
    const ways = mutations.filter(isOf).length;
    if (ways < leastWays) failures.push(`invariant ${number} is broken in ${ways} ways only`);
    const judged = selected.filter(isOf);
    if (judged.length > 0)
      console.log(`\n${number}. ${sentence}\n\n| broken so | the test that falls |\n| --- | --- |`);
    for (const mutation of judged) {
      const fallen = judge(mutation);
      if (fallen === undefined) failures.push(`nobody notices: ${mutation.breaks} (${mutation.file})`);
      console.log(`| ${mutation.breaks} | ${fallen ?? "**none: it survives**"} |`);
    }
  }
} finally {
  rmSync(copy, { recursive: true, force: true });
}
for (const failure of failures) console.log(`FAILED: ${failure}`);
console.log(
  `\n${selected.length} ways to break ${Object.keys(invariants).length} invariants, ${failures.length} failures`,
);
process.exitCode = failures.length === 0 ? 0 : 1;
