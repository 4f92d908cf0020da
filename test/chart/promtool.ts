/**
 * Judges the chart's alerts by Prometheus itself: do they parse, and fire when alerts.yaml says so? By hand, as building
 * promtool takes six minutes of a core: `test/cluster/cluster run node test/chart/promtool.ts`, with promtool on PATH.
 */
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { render } from "./render.ts";
import { images } from "./value-sets.ts";

const objects = await render({ ...images, metrics: { prometheusRule: { enabled: true } } });
const rule = objects.find(({ kind }) => kind === "PrometheusRule");
const directory = mkdtempSync(join(tmpdir(), "claude-run-alerts-"));
try {
  // JSON is YAML too.
  writeFileSync(join(directory, "rules.yaml"), JSON.stringify(rule?.["spec"]));
  copyFileSync(new URL("alerts.yaml", import.meta.url), join(directory, "alerts.yaml"));
  for (const args of [
    ["check", "rules", "rules.yaml"],
    ["test", "rules", "alerts.yaml"],
  ])
    execFileSync("promtool", args, { cwd: directory, stdio: "inherit" });
} finally {
  rmSync(directory, { recursive: true, force: true });
}
