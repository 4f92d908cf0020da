import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { aFinishedRun, anAdmittedRun, aRun, nowMs } from "../testing/builders.ts";
import type { Run } from "../domain.ts";
import { Registry } from "./exposition.ts";
import { Metrics, type Views } from "./metrics.ts";

function metricsOf(views: Partial<Views> = {}): Metrics {
  const metrics = new Metrics();
  const watches = [
    { resource: "pods", restarts: 2, missed: 1, tooLarge: 2 },
    { resource: "pods", restarts: 1, missed: 0, tooLarge: 0 },
    { resource: "jobs", restarts: 0, missed: 0, tooLarge: 0 },
  ];
  const queue = (): Views["queue"] extends () => infer Q ? Q : never => ({ depth: 3, oldestMs: 1_500 });
  metrics.view({ runs: () => [], watches, queue, isLeader: () => true, now: () => nowMs, ...views });
  return metrics;
}

/** The sample lines that start with a prefix. */
function lines(metrics: Metrics, start: string): string[] {
  return metrics.registry
    .render()
    .split("\n")
    .filter((line) => line.startsWith(start));
}

const at = (seconds: number): string => new Date(nowMs + seconds * 1000).toISOString();
const succeeded = {
  type: "Succeeded",
  status: "True",
  reason: "Completed",
  message: "",
  observedGeneration: 1,
} as const;

describe("the end of a run", () => {
  test("is counted by namespace, phase and reason, with cost, tokens and the duration of each phase", () => {
    const metrics = metricsOf();
    metrics.finished(aRun("a", { age: 10 }), {
      phase: "Succeeded",
      conditions: [{ ...succeeded, lastTransitionTime: at(100) }],
      admittedTime: at(0),
      startTime: at(4),
      completionTime: at(94),
      result: {
        costUSD: "0.25",
        usage: { inputTokens: 10, outputTokens: 5, cacheReadInputTokens: 0, cacheCreationInputTokens: 0 },
      },
    });
    metrics.finished(aRun("b", { age: 0 }), { phase: "Failed", completionTime: at(1), result: { costUSD: "0.5" } });
    expect(lines(metrics, "claude_run_finished_total")).toEqual([
      'claude_run_finished_total{namespace="team",phase="Succeeded",reason="Completed"} 1',
      'claude_run_finished_total{namespace="team",phase="Failed",reason=""} 1',
    ]);
    expect(lines(metrics, "claude_run_cost_usd_total")).toEqual(['claude_run_cost_usd_total{namespace="team"} 0.75']);
    expect(lines(metrics, "claude_run_tokens_total")).toEqual([
      'claude_run_tokens_total{namespace="team",kind="input"} 10',
      'claude_run_tokens_total{namespace="team",kind="output"} 5',
    ]);
    expect(lines(metrics, "claude_run_phase_duration_seconds_sum")).toEqual([
      'claude_run_phase_duration_seconds_sum{phase="queued"} 11',
      'claude_run_phase_duration_seconds_sum{phase="pending"} 4',
      'claude_run_phase_duration_seconds_sum{phase="running"} 90',
    ]);
  });
});

test("unfinished runs are shown by namespace and phase, with the age of the oldest queued one", () => {
  const runs = [aRun("a", { age: 70 }), aRun("b", { age: 20 }), anAdmittedRun("c", { age: 500 }), aFinishedRun("d")];
  const metrics = metricsOf({ runs: () => runs });
  expect(lines(metrics, "claude_run_active")).toEqual([
    'claude_run_active{namespace="team",phase="Queued"} 2',
    'claude_run_active{namespace="team",phase="Pending"} 1',
  ]);
  expect(lines(metrics, "claude_run_oldest_queued_seconds")).toEqual(["claude_run_oldest_queued_seconds 70"]);
});

test("queue, leader and watches are shown", () => {
  const metrics = metricsOf();
  expect(lines(metrics, "claude_run_queue")).toEqual([
    "claude_run_queue_depth 3",
    "claude_run_queue_oldest_seconds 1.5",
  ]);
  expect(lines(metrics, "claude_run_leader")).toEqual(["claude_run_leader 1"]);
  expect(lines(metrics, "claude_run_watch_restarts_total")).toEqual([
    'claude_run_watch_restarts_total{resource="pods"} 3',
    'claude_run_watch_restarts_total{resource="jobs"} 0',
  ]);
});

test("a suspended run does not count as the oldest queued one", () => {
  const oldest = (...runs: Run[]): string[] =>
    lines(metricsOf({ runs: () => runs }), "claude_run_oldest_queued_seconds");
  const old = aRun("old", { age: 3_600 });
  expect(oldest(old)).toEqual(["claude_run_oldest_queued_seconds 3600"]);
  const suspended = { ...old, spec: { ...old.spec, suspend: true } };
  expect(oldest(suspended, aRun("young", { age: 5 }))).toEqual(["claude_run_oldest_queued_seconds 5"]);
});

test("the text has Prometheus' format: help, type, escaped labels, cumulative buckets", () => {
  const registry = new Registry();
  registry.counter({ name: "n_total", help: "N." }).add(2, { what: 'a "b"\\\n' });
  const histogram = registry.histogram({ name: "h_seconds", help: "H." }, [1, 5]);
  for (const value of [0.5, 1, 3, 9]) histogram.observe(value);
  expect(registry.render()).toBe(
    [
      "# HELP n_total N.",
      "# TYPE n_total counter",
      'n_total{what="a \\"b\\"\\\\\\n"} 2',
      "# HELP h_seconds H.",
      "# TYPE h_seconds histogram",
      'h_seconds_bucket{le="1"} 2',
      'h_seconds_bucket{le="5"} 3',
      'h_seconds_bucket{le="+Inf"} 4',
      "h_seconds_sum 13.5",
      "h_seconds_count 4",
      "",
    ].join("\n"),
  );
});

test("docs/metrics.md lists every metric with its type and its help text", () => {
  const page = readFileSync(new URL("../../docs/metrics.md", import.meta.url), "utf8");
  const rows = page.split("\n").flatMap((line) => {
    const [, name, type, help] = /^\| `(\w+)` +\| (\w+) +\| (.*?) +\|$/.exec(line) ?? [];
    return name === undefined ? [] : [`${name} ${type ?? ""}: ${help ?? ""}`];
  });
  const { registry } = metricsOf();
  const printed = registry.render().matchAll(/^# HELP (\w+) (.*)\n# TYPE \w+ (\w+)$/gm);
  expect(rows).toEqual([...printed].map(([, name, help, type]) => `${name ?? ""} ${type ?? ""}: ${help ?? ""}`));
});
