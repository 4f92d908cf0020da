import { describe, expect, test } from "vitest";
import type { ClaudeRunSpecInput } from "../../crds/claude-run.ts";
import type { RunnerConfig } from "../../runner/contract.ts";
import { aRun } from "../testing/runs.ts";
import { planRunConfigMap } from "./run-config-map.ts";
import { planJob } from "./job.ts";

const defaults = { mountPath: "/workspace", terminationGracePeriodSeconds: 30 };

function runConfigMaps(spec: Partial<ClaudeRunSpecInput> = {}, attempt = 1) {
  const body = planRunConfigMap(aRun(spec), { attempt, jobUid: "job-uid", defaults });
  const config = JSON.parse(body.data?.["config.json"] ?? "") as RunnerConfig;
  return { body, config };
}

describe("the run ConfigMap", () => {
  test("is owned by its Job, has the name that the Job mounts, and is immutable", () => {
    const { body } = runConfigMaps({}, 2);
    const job = planJob(aRun(), {
      attempt: 2,
      runnerConfigMap: "runner",
      runnerDigest: "d16e57",
      runDigests: {},
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

  test("is owned by the run if the pod was orphaned", () => {
    const run = aRun();
    const { metadata } = planRunConfigMap(run, { attempt: 1, defaults });
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

  test("contains an unchanged inline prompt and the configuration", () => {
    const prompt = " first line\n\n'quotes' \"and\" $(more) 🙂\n";
    const { body, config } = runConfigMaps({ prompt });
    expect(body.data?.["prompt"]).toBe(prompt);
    expect(config.promptPath).toBe("/run/claude-run/config/prompt");
  });

  test("lists the variables of the spec if a Secret adds others", () => {
    const env = [
      { name: "PLAIN", value: "1" },
      { name: "KEY", valueFrom: { secretKeyRef: { name: "s", key: "k" } } },
    ];
    const listed = runConfigMaps({ credentialsSecretName: "anthropic", pod: { env } }).config.publicVariables;
    expect(listed).toContain("PLAIN");
    expect(listed).toContain("HOME");
    expect(listed).not.toContain("KEY");
    expect(runConfigMaps({ pod: { envFrom: [{ secretRef: { name: "s" } }] } }).config.publicVariables).toBeDefined();
    expect(runConfigMaps({ pod: { env: env.slice(0, 1) } }).config.publicVariables).toBeUndefined();
  });

  test("of a later attempt contains the continuation prompt", () => {
    const run = { ...aRun({ prompt: "Do it" }), status: { attempt: 2, session: { id: "s-1" }, result: { turns: 2 } } };
    const { data } = planRunConfigMap(run, { attempt: 2, jobUid: "job-uid", defaults });
    const { continuation } = JSON.parse(data?.["config.json"] ?? "") as RunnerConfig;
    expect(continuation).toEqual({ session: "s-1", promptPath: "/run/claude-run/config/continuation" });
    expect(data?.["continuation"]).toMatch(/interrupted.*continue the task/);
    expect(data?.["continuation"]).not.toContain("Do it");
  });

  test("contains no prompt from promptFrom, which is mounted", () => {
    const { body, config } = runConfigMaps({ promptFrom: { secretKeyRef: { name: "texts", key: "p" } } });
    expect(Object.keys(body.data ?? {})).toEqual(["config.json"]);
    expect(config.promptPath).toBe("/run/claude-run/prompt/prompt");
  });
});

describe("the runner's configuration", () => {
  test("has only the operator's defaults for an empty spec", () => {
    expect(runConfigMaps().config).toEqual({
      v: 1,
      promptPath: "/run/claude-run/config/prompt",
      workingDirectory: "/workspace",
      claude: {},
      resultGracePeriodSeconds: 30,
      backgroundGracePeriodSeconds: 600,
      terminationGracePeriodSeconds: 30,
    });
  });

  test("has all fields of the spec for the runner, and the paths of mounted files", () => {
    const { config } = runConfigMaps({
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
      backgroundGracePeriodSeconds: 50,
      terminationGracePeriodSeconds: 7,
      workspace: { persistentVolumeClaim: { claimName: "code" }, mountPath: "/data", trust: false },
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
      backgroundGracePeriodSeconds: 50,
      terminationGracePeriodSeconds: 7,
      isWorkspaceTrusted: false,
    });
  });

  test("does not contain pod, credentials or queue", () => {
    const { config } = runConfigMaps({ credentialsSecretName: "anthropic", priority: 9, pod: { image: "mine" } });
    expect(JSON.stringify(config)).not.toMatch(/anthropic|mine|priority/);
  });
});
