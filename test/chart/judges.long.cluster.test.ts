/** What others' programs say of the chart: kube-score and checkov of its defaults, promtool of its alerts. */
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { command } from "../command.ts";
import { checkov } from "./checkov.ts";
import { render, type Values } from "./render.ts";
import { images } from "./value-sets.ts";

const directory = mkdtempSync(join(tmpdir(), "claude-run-judges-"));
const manifests = join(directory, "manifests.yaml");
afterAll(() => rmSync(directory, { recursive: true, force: true }));

beforeAll(() => renderTo(images));

/** JSON is YAML too. */
async function renderTo(values: Values): Promise<void> {
  const objects = await render(values);
  writeFileSync(manifests, objects.map((object) => JSON.stringify(object)).join("\n---\n"));
}

/** Names of kube-score's tests that call something critical. */
async function critical(): Promise<string[]> {
  const json = await command(
    ["kube-score", "score", "--output-format=json", "--exit-one-on-warning=false", manifests],
    "",
    {
      timeout: 60_000,
    },
  ).catch((error: unknown) => (error as { stdout?: string }).stdout ?? "");
  const judged = JSON.parse(json) as { checks: { check: { id: string }; grade: number; skipped: boolean }[] | null }[];
  const checks = judged.flatMap(({ checks }) => checks ?? []);
  expect(checks.length).toBeGreaterThan(10);
  return checks.filter(({ grade, skipped }) => grade === 1 && !skipped).map(({ check }) => check.id);
}

interface Judged {
  readonly results: Readonly<Record<"failed_checks" | "skipped_checks", readonly { readonly check_id: string }[]>>;
  readonly summary: { readonly passed: number };
}

it("kube-score finds nothing CRITICAL but its wish for imagePullPolicy: Always", async () => {
  expect(await critical()).toEqual(["container-image-pull-policy"]);
});

it("kube-score finds more where there is more to find", async () => {
  await renderTo({ ...images, networkPolicy: { operator: { enabled: false } } });
  expect(await critical()).toContain("pod-networkpolicy");
  await renderTo(images);
});

it("checkov fails nothing, and skips the two checks that the Deployment's annotations give reasons for", async () => {
  const { results, summary } = JSON.parse(await checkov(manifests)) as Judged;
  expect(summary.passed).toBeGreaterThan(80);
  expect(results.failed_checks.map(({ check_id }) => check_id)).toEqual([]);
  expect(results.skipped_checks.map(({ check_id }) => check_id).toSorted()).toEqual(["CKV_K8S_15", "CKV_K8S_43"]);
});

it("Prometheus can read the alerts, and they fire when alerts.yaml says so", async () => {
  const objects = await render({ ...images, metrics: { prometheusRule: { enabled: true } } });
  const rule = objects.find(({ kind }) => kind === "PrometheusRule");
  writeFileSync(join(directory, "rules.yaml"), JSON.stringify(rule?.["spec"]));
  copyFileSync(join(import.meta.dirname, "alerts.yaml"), join(directory, "alerts.yaml"));
  const options = { cwd: directory, timeout: 60_000 };
  expect(await command(["promtool", "check", "rules", "rules.yaml"], "", options)).toContain("SUCCESS");
  expect(await command(["promtool", "test", "rules", "alerts.yaml"], "", options)).toContain("SUCCESS");
});
