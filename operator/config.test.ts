import { describe, expect, test } from "vitest";
import { ConfigError, readConfig } from "./config.ts";

function mistakes(environment: Record<string, string>): string {
  try {
    readConfig(environment);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as Error).message;
  }
  throw new Error("it should have been refused");
}

describe("the configuration", () => {
  test("needs an image, and has a default for everything else", () => {
    expect(readConfig({ RUN_IMAGE: "agent:1" })).toEqual({
      defaults: {
        image: "agent:1",
        imagePullSecrets: [],
        mountPath: "/workspace",
        terminationGracePeriodSeconds: 30,
        podTTLSecondsAfterFinished: 86_400,
      },
      settings: { admission: true, reportLogsGone: true },
      workers: 12,
      logLevel: "info",
      healthPort: 8080,
    });
  });

  test("takes every variable", () => {
    const config = readConfig({
      RUN_IMAGE: "agent:1",
      RUN_IMAGE_PULL_POLICY: "Never",
      RUN_IMAGE_PULL_SECRETS: " a , b,,",
      RUN_SERVICE_ACCOUNT: "agent",
      RUN_RESOURCES: '{"requests":{"cpu":"1"}}',
      RUN_MOUNT_PATH: "/data",
      RUN_TERMINATION_GRACE_PERIOD_SECONDS: "0",
      RUN_POD_TTL_SECONDS_AFTER_FINISHED: "60",
      WATCH_NAMESPACE: "team",
      ADMISSION: "paused",
      HISTORY_LIMIT: "1000",
      REPORT_LOGS_GONE: "false",
      MAX_ACTIVE_RUNS: "50",
      MAX_ACTIVE_RUNS_PER_NAMESPACE: "5",
      WORKERS: "3",
      LOG_LEVEL: "debug",
      LEASE_NAMESPACE: "system",
      LEASE_NAME: "operator",
      HEALTH_PORT: "0",
      RUNNER_FILE: "/app/runner.mjs",
    });
    expect(config).toEqual({
      defaults: {
        image: "agent:1",
        imagePullPolicy: "Never",
        imagePullSecrets: ["a", "b"],
        serviceAccountName: "agent",
        resources: { requests: { cpu: "1" } },
        mountPath: "/data",
        terminationGracePeriodSeconds: 0,
        podTTLSecondsAfterFinished: 60,
      },
      settings: {
        admission: false,
        maxActiveRuns: 50,
        maxActiveRunsPerNamespace: 5,
        historyLimit: 1000,
        reportLogsGone: false,
      },
      namespace: "team",
      lease: { namespace: "system", name: "operator" },
      workers: 3,
      logLevel: "debug",
      healthPort: 0,
      runnerFile: "/app/runner.mjs",
    });
  });

  test("counts empty as absent: that is what a chart writes", () => {
    const empty = { RUN_IMAGE_PULL_POLICY: "", RUN_RESOURCES: "", WATCH_NAMESPACE: "", WORKERS: "", ADMISSION: "" };
    expect(readConfig({ RUN_IMAGE: "agent:1", ...empty })).toEqual(readConfig({ RUN_IMAGE: "agent:1" }));
    expect(mistakes({ RUN_IMAGE: "" })).toContain("RUN_IMAGE:");
  });

  test("names all mistakes at once, a line each", () => {
    const message = mistakes({
      RUN_IMAGE_PULL_POLICY: "Sometimes",
      RUN_RESOURCES: "{cpu: 1}",
      RUN_MOUNT_PATH: "workspace",
      RUN_TERMINATION_GRACE_PERIOD_SECONDS: "-1",
      RUN_POD_TTL_SECONDS_AFTER_FINISHED: "1.5",
      ADMISSION: "closed",
      HISTORY_LIMIT: "0",
      REPORT_LOGS_GONE: "never",
      MAX_ACTIVE_RUNS: "0",
      MAX_ACTIVE_RUNS_PER_NAMESPACE: "some",
      WORKERS: "many",
      LOG_LEVEL: "loud",
      HEALTH_PORT: "70000",
    });
    const named = message
      .split("\n")
      .slice(1)
      .map((line) => /^ {2}(\w+)/.exec(line)?.[1]);
    expect(named.toSorted()).toEqual([
      "ADMISSION",
      "HEALTH_PORT",
      "HISTORY_LIMIT",
      "LOG_LEVEL",
      "MAX_ACTIVE_RUNS",
      "MAX_ACTIVE_RUNS_PER_NAMESPACE",
      "REPORT_LOGS_GONE",
      "RUN_IMAGE",
      "RUN_IMAGE_PULL_POLICY",
      "RUN_MOUNT_PATH",
      "RUN_POD_TTL_SECONDS_AFTER_FINISHED",
      "RUN_RESOURCES",
      "RUN_TERMINATION_GRACE_PERIOD_SECONDS",
      "WORKERS",
    ]);
  });

  test("refuses resources that Kubernetes would not know, rather than dropping them", () => {
    expect(mistakes({ RUN_IMAGE: "a", RUN_RESOURCES: '{"limit":{"cpu":"1"}}' })).toContain("limit");
    expect(mistakes({ RUN_IMAGE: "a", RUN_RESOURCES: '{"limits":{"cpu":1}}' })).toContain("RUN_RESOURCES.limits.cpu");
  });

  test("ignores what is not its own, and cannot be changed afterwards", () => {
    const config = readConfig({ RUN_IMAGE: "a", PATH: "/bin", ANTHROPIC_API_KEY: "sk" });
    expect(JSON.stringify(config)).not.toContain("sk");
    expect(Object.isFrozen(config)).toBe(true);
  });
});
