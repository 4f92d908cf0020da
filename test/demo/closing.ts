/** The end of the demo: the results as a table, and what one can do next. Pure but for the width of the screen. */
import type { ClaudeRun } from "../../crds/claude-run.ts";
import { namespace, secretName } from "./runs.ts";
import { wrap } from "./screen.ts";

/** One row per run with its figures, below them the answers, each with the session that could be resumed. */
export function resultLines(runs: readonly ClaudeRun[], width: number): string[] {
  const header = ["RUN", "AGENT", "PHASE", "TURNS", "TOKENS IN", "OUT", "COST"];
  const rows = runs.map(({ metadata, spec, status }) => [
    metadata.name,
    spec.agent,
    status?.phase ?? "",
    String(status?.result?.turns ?? "-"),
    String(status?.result?.usage?.inputTokens ?? "-"),
    String(status?.result?.usage?.outputTokens ?? "-"),
    dollars(status?.result?.costUSD),
  ]);
  const total = runs.reduce((sum, run) => sum + Number(run.status?.result?.costUSD ?? 0), 0);
  rows.push(["total", "", "", "", "", "", dollars(String(total))]);
  return [...aligned([header, ...rows]), ...runs.flatMap((run) => answer(run, width))];
}

function answer({ metadata, status }: ClaudeRun, width: number): string[] {
  const text = status?.result?.text ?? status?.failure?.message ?? "(no answer)";
  const said = text.split("\n").flatMap((line) => wrap(`  ${line}`, width, "  "));
  return ["", `${metadata.name}, session ${status?.session?.id ?? "unknown"}:`, ...said];
}

function dollars(amount: string | undefined): string {
  return amount === undefined ? "-" : `$${Number(amount).toFixed(4)}`;
}

/** Words to the left, figures to the right. */
function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => (column < 3 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join("  "),
  );
}

/** Commands that work as they stand when pasted into a shell in the checkout. */
export function nextSteps(names: readonly string[], fakeApi: string | undefined): string[] {
  const last = names.at(-1) ?? "";
  const pod = fakeApi === undefined ? [] : [`  pod: { env: [{ name: ANTHROPIC_BASE_URL, value: "${fakeApi}" }] }`];
  const fakeNote =
    fakeApi === undefined ? [] : ['# the fake API answers "ok"; test/fake-api/fake-api.mjs says how to script it'];
  return [
    `alias k='test/cluster/cluster run kubectl -n ${namespace}'`,
    "k get clauderuns -o wide",
    `k describe clauderun ${last}`,
    `k get clauderun ${last} -o jsonpath='{.status.result.text}'`,
    `k logs -l paperclip.io/run=${last} --tail=-1`,
    "k explain clauderun.spec",
    "",
    ...fakeNote,
    "k create -f - <<'EOF'",
    "apiVersion: paperclip.io/v1alpha1",
    "kind: ClaudeRun",
    "metadata: { generateName: hello- }",
    "spec:",
    "  agent: greeter",
    "  prompt: Say hello in one sentence.",
    `  credentialsSecretName: ${secretName}`,
    ...pod,
    "EOF",
    "",
    "All fields: docs/api-reference.md. What can go wrong: docs/failure-reasons.md.",
  ];
}
