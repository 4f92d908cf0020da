import { describe, expect, test } from "vitest";
import type { ClaudeRunSpecInput } from "../../crds/claude-run.ts";
import type { RunnerConfig } from "../../runner/contract.ts";
import { aRun } from "../testing/runs.ts";
import { planCargo } from "./cargo.ts";
import { planJob } from "./job.ts";

const defaults = { mountPath: "/workspace", terminationGracePeriodSeconds: 30 };

function cargo(spec: Partial<ClaudeRunSpecInput> = {}, attempt = 1) {
  const body = planCargo(aRun(spec), { attempt, jobUid: "job-uid", defaults });
  const config = JSON.parse(body.data?.["config.json"] ?? "") as RunnerConfig;
  return { body, config };
}

describe("the run's ConfigMap", () => {
  test("is owned by its Job alone, named as the Job mounts it, immutable", () => {
    const { body } = cargo({}, 2);
    const job = planJob(aRun(), {
      attempt: 2,
      runnerConfigMap: "runner",
      defaults: { ...defaults, image: "i", imagePullSecrets: [], podTTLSecondsAfterFinished: 1 },
    });
    const mounted = job.spec?.template.spec?.volumes?.find(({ name }) => name === "claude-run-config");
    expect(body.metadata?.name).toBe(mounted?.configMap?.name);
    expect(body.immutable).toBe(true);
    expect(body.metadata?.ownerReferences).toEqual([
      {
        apiVersion: "batch/v1",
        kind: "Job",
        name: job.metadata?.name,
        uid: "job-uid",
        controller: true,
        blockOwnerDeletion: false,
      },
    ]);
    expect(body.metadata?.labels).toEqual(job.metadata?.labels);
  });

  test("is the run's own if the pod's Job was orphaned: nobody else can own it", () => {
    const run = aRun();
    const { metadata } = planCargo(run, { attempt: 1, defaults });
    expect(metadata?.ownerReferences).toEqual([
      {
        apiVersion: "paperclip.io/v1alpha1",
        kind: "ClaudeRun",
        name: run.metadata.name,
        uid: run.metadata.uid,
        controller: true,
        blockOwnerDeletion: false,
      },
    ]);
  });

  test("holds an inline prompt as it is, beside the configuration", () => {
    const prompt = " first line\n\n'quotes' \"and\" $(more) 🙂\n";
    const { body, config } = cargo({ prompt });
    expect(body.data?.["prompt"]).toBe(prompt);
    expect(config.promptPath).toBe("/run/claude-run/config/prompt");
  });

  test("of a later attempt holds what the session that it continues is told", () => {
    const run = { ...aRun({ prompt: "Do it" }), status: { attempt: 2, session: { id: "s-1" }, result: { turns: 2 } } };
    const { data } = planCargo(run, { attempt: 2, jobUid: "job-uid", defaults });
    const { continuation } = JSON.parse(data?.["config.json"] ?? "") as RunnerConfig;
    expect(continuation).toEqual({ session: "s-1", promptPath: "/run/claude-run/config/continuation" });
    expect(data?.["continuation"]).toMatch(/interrupted.*go on/);
    expect(data?.["continuation"]).not.toContain("Do it");
  });

  test("holds no prompt that comes from elsewhere: it is mounted", () => {
    const { body, config } = cargo({ promptFrom: { secretKeyRef: { name: "texts", key: "p" } } });
    expect(Object.keys(body.data ?? {})).toEqual(["config.json"]);
    expect(config.promptPath).toBe("/run/claude-run/prompt/prompt");
  });
});

describe("the runner's configuration", () => {
  test("has the operator's values where the spec is silent, and no more", () => {
    expect(cargo().config).toEqual({
      v: 1,
      promptPath: "/run/claude-run/config/prompt",
      workingDirectory: "/workspace",
      claude: {},
      resultGracePeriodSeconds: 30,
      terminationGracePeriodSeconds: 30,
    });
  });

  test("has every word of the spec that is the runner's, and paths for what was mounted", () => {
    const { config } = cargo({
      claude: {
        model: "opus",
        maxTurns: 0,
        extraArgs: ["--betas", "x"],
        mcpConfigFrom: { secretKeyRef: { name: "m", key: "k" } },
        settingsFrom: { configMapKeyRef: { name: "s", key: "k" } },
      },
      session: { resume: "abc", onMissing: "StartNew" },
      budget: { maxCostUSD: "2.50" },
      activeDeadlineSeconds: 60,
      idleTimeoutSeconds: 20,
      resultGracePeriodSeconds: 5,
      terminationGracePeriodSeconds: 7,
      workspace: { persistentVolumeClaim: { claimName: "code" }, mountPath: "/data" },
    });
    expect(config).toEqual({
      v: 1,
      promptPath: "/run/claude-run/config/prompt",
      workingDirectory: "/data",
      claude: {
        model: "opus",
        maxTurns: 0,
        extraArgs: ["--betas", "x"],
        mcpConfigPath: "/run/claude-run/mcp/mcp.json",
        settingsPath: "/run/claude-run/settings/settings.json",
      },
      session: { resume: "abc", onMissing: "StartNew" },
      maxCostUSD: "2.50",
      activeDeadlineSeconds: 60,
      idleTimeoutSeconds: 20,
      resultGracePeriodSeconds: 5,
      terminationGracePeriodSeconds: 7,
    });
  });

  test("has nothing of pod, credentials or queue", () => {
    const { config } = cargo({ credentialsSecretName: "anthropic", priority: 9, pod: { image: "mine" } });
    expect(JSON.stringify(config)).not.toMatch(/anthropic|mine|priority/);
  });
});
