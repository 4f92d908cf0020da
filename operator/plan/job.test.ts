import * as fc from "fast-check";
import type { V1Container, V1PodSpec } from "@kubernetes/client-node";
import { describe, expect, test } from "vitest";
import type { ClaudeRun, ClaudeRunSpecInput } from "../../crds/claude-run.ts";
import { labels as ourLabels, reservedMountPath } from "../../crds/names.ts";
import { aRun } from "../testing/runs.ts";
import { planJob, type PodDefaults } from "./job.ts";

const defaults: PodDefaults = {
  image: "registry.example/agent:1",
  imagePullSecrets: [],
  mountPath: "/workspace",
  terminationGracePeriodSeconds: 30,
  podTTLSecondsAfterFinished: 86_400,
};

function plan(run: ClaudeRun, changed: Partial<PodDefaults> = {}, attempt = 1) {
  const job = planJob(run, {
    attempt,
    runnerConfigMap: "runner-abc",
    runnerDigest: "d16e57",
    runDigests: { "config.json": "c0ff", prompt: "be11" },
    defaults: { ...defaults, ...changed },
  });
  const pod = job.spec?.template.spec as V1PodSpec;
  const container = pod.containers[0] as V1Container;
  const variables = Object.fromEntries((container.env ?? []).map(({ name, value }) => [name, value]));
  const volumes = Object.fromEntries((pod.volumes ?? []).map((volume) => [volume.name, volume]));
  return { job, pod, container, variables, volumes };
}

function planned(spec: Partial<ClaudeRunSpecInput> = {}, changed: Partial<PodDefaults> = {}) {
  return plan(aRun(spec), changed);
}

describe("the Job", () => {
  test("has a name from run, uid and attempt, with at most 63 characters", () => {
    expect(plan(aRun()).job.metadata?.name).toBe("fix-login-0f6b2c1d-1");
    const name = fc.stringMatching(/^[a-z0-9]([-a-z0-9.]{0,61}[a-z0-9])?$/);
    fc.assert(
      fc.property(name, fc.integer({ min: 1, max: 9_999 }), (runName, attempt) => {
        const name = plan(aRun({}, { name: runName }), {}, attempt).job.metadata?.name ?? "";
        expect(name.length).toBeLessThanOrEqual(63);
        expect(name).toMatch(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/);
        expect(name.endsWith(`-0f6b2c1d-${attempt}`)).toBe(true);
      }),
    );
  });

  test("is owned by its run, never retried by Kubernetes, and its successor waits for the pod's end", () => {
    const { job } = planned();
    expect(job.metadata?.namespace).toBe("team");
    expect(job.metadata?.ownerReferences).toEqual([
      {
        apiVersion: "paperclip.io/v1alpha1",
        kind: "ClaudeRun",
        name: "fix-login",
        uid: "0f6b2c1d-6e1f-4c6e-9f57-0a1b2c3d4e5f",
        controller: true,
        blockOwnerDeletion: true,
      },
    ]);
    expect(job.spec).toMatchObject({ backoffLimit: 0, podReplacementPolicy: "Failed" });
    expect(job.spec).not.toHaveProperty("completions");
  });

  test("is deleted with its pod after the run's TTL, or else the operator's", () => {
    expect(planned().job.spec?.ttlSecondsAfterFinished).toBe(86_400);
    expect(planned({ podTTLSecondsAfterFinished: 0 }).job.spec?.ttlSecondsAfterFinished).toBe(0);
  });

  test("has a gated pod", () => {
    expect(planned().pod.schedulingGates).toEqual([{ name: "paperclip.io/slot" }]);
    expect(planned().pod.restartPolicy).toBe("Never");
  });

  test("has a pause container that reaps orphans", () => {
    expect(planned().pod.shareProcessNamespace).toBe(true);
  });

  test("is the same on every replica", () => {
    expect(JSON.stringify(planned().job)).toBe(JSON.stringify(planned().job));
  });
});

describe("labels and annotations", () => {
  test("of the API group and of spec.pod are set on Job and pod, others are not", () => {
    const run = aRun(
      { pod: { labels: { "kueue.x-k8s.io/queue-name": "fast" }, annotations: { "example.com/a": "1" } } },
      {
        labels: { "paperclip.io/issue": "42", "team.example/x": "y" },
        annotations: { "paperclip.io/thread": "7", "kubectl.kubernetes.io/last-applied-configuration": "{…}" },
      },
    );
    const { job } = plan(run);
    expect(job.spec?.template.metadata).toEqual({
      labels: job.metadata?.labels,
      annotations: job.metadata?.annotations,
    });
    expect(job.metadata?.labels).toEqual({
      "kueue.x-k8s.io/queue-name": "fast",
      "paperclip.io/issue": "42",
      "app.kubernetes.io/name": "clauderun",
      "app.kubernetes.io/component": "run",
      "app.kubernetes.io/managed-by": "clauderun-operator",
      "paperclip.io/agent": "reviewer",
      "paperclip.io/run": "fix-login",
    });
    expect(job.metadata?.annotations).toEqual({
      "example.com/a": "1",
      "paperclip.io/thread": "7",
      "paperclip.io/run-uid": "0f6b2c1d-6e1f-4c6e-9f57-0a1b2c3d4e5f",
      "paperclip.io/attempt": "1",
      "paperclip.io/priority": "0",
    });
  });

  test("of the operator are never overwritten, and a stop is never inherited", () => {
    const forged = { "paperclip.io/run-uid": "x", "paperclip.io/attempt": "9", "paperclip.io/priority": "9" };
    const run = aRun(
      { priority: 3 },
      {
        labels: { [ourLabels.agent]: "victim", [ourLabels.run]: "other" },
        annotations: { ...forged, "paperclip.io/stop": '{"reason":"Cancelled","message":""}' },
      },
    );
    const { labels, annotations } = plan(run, {}, 2).job.metadata ?? {};
    expect(labels).toMatchObject({ "paperclip.io/agent": "reviewer", "paperclip.io/run": "fix-login" });
    expect(annotations).toEqual({
      "paperclip.io/run-uid": "0f6b2c1d-6e1f-4c6e-9f57-0a1b2c3d4e5f",
      "paperclip.io/attempt": "2",
      "paperclip.io/priority": "3",
    });
  });
});

describe("the pod", () => {
  test("meets the restricted Pod Security Standard", () => {
    const { pod, container } = planned();
    expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } });
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
    expect(pod).not.toHaveProperty("hostNetwork");
    const allowed = ["configMap", "emptyDir", "persistentVolumeClaim", "secret", "name"];
    for (const volume of pod.volumes ?? [])
      expect(Object.keys(volume).every((key) => allowed.includes(key))).toBe(true);
  });

  test("overrides the default security contexts with fields of the spec", () => {
    const { pod, container } = planned({
      pod: { securityContext: { runAsUser: 2000 }, containerSecurityContext: { readOnlyRootFilesystem: false } },
    });
    expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 2000, fsGroup: 1000 });
    expect(container.securityContext).toMatchObject({ allowPrivilegeEscalation: false, readOnlyRootFilesystem: false });
  });

  test("overrides the default security contexts with the configuration, and both with the spec", () => {
    const configured = {
      securityContext: { runAsUser: 3000, fsGroup: 3000 },
      containerSecurityContext: { runAsGroup: 3 },
    };
    const { pod, container } = planned({ pod: { securityContext: { runAsUser: 2000 } } }, configured);
    expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 2000, fsGroup: 3000 });
    expect(container.securityContext).toMatchObject({ readOnlyRootFilesystem: true, runAsGroup: 3 });
  });

  test("gets no ServiceAccount token and no variables of Services", () => {
    expect(planned().pod).toMatchObject({ automountServiceAccountToken: false, enableServiceLinks: false });
  });

  test("has a deadline, longer by start deadline and grace, only if the run has one", () => {
    expect(planned().pod).not.toHaveProperty("activeDeadlineSeconds");
    const spec = { activeDeadlineSeconds: 100, startDeadlineSeconds: 50, terminationGracePeriodSeconds: 7 };
    expect(planned(spec).pod.activeDeadlineSeconds).toBe(157);
    expect(planned({ activeDeadlineSeconds: 100 }).pod.activeDeadlineSeconds).toBe(100 + 600 + 30);
  });

  test("has the scheduling fields of the spec", () => {
    const pod = {
      nodeSelector: { disk: "ssd" },
      tolerations: [{ key: "gpu", operator: "Exists" as const }],
      priorityClassName: "batch",
      runtimeClassName: "gvisor",
      serviceAccountName: "agent",
    };
    expect(planned({ pod }).pod).toMatchObject(pod);
    expect(planned().pod).not.toHaveProperty("nodeSelector");
  });

  test("uses the configured defaults for fields that the spec leaves out", () => {
    const changed = {
      imagePullPolicy: "Always" as const,
      imagePullSecrets: ["regcred"],
      serviceAccountName: "default-agent",
      resources: { requests: { cpu: "1" } },
    };
    const absent = planned({}, changed);
    expect(absent.pod).toMatchObject({ serviceAccountName: "default-agent", imagePullSecrets: [{ name: "regcred" }] });
    expect(absent.container).toMatchObject({
      image: "registry.example/agent:1",
      imagePullPolicy: "Always",
      resources: { requests: { cpu: "1" } },
    });
    const pod = {
      image: "mine:2",
      imagePullPolicy: "Never" as const,
      imagePullSecrets: [{ name: "own" }],
      serviceAccountName: "agent",
      resources: { limits: { memory: "1Gi" } },
    };
    const given = planned({ pod }, changed);
    expect(given.pod).toMatchObject({ serviceAccountName: "agent", imagePullSecrets: [{ name: "own" }] });
    expect(given.container).toMatchObject({
      image: "mine:2",
      imagePullPolicy: "Never",
      resources: { limits: { memory: "1Gi" } },
    });
    expect(given.container.resources).not.toHaveProperty("requests");
  });
});

describe("the container", () => {
  test("compares both ConfigMaps before it starts the runner, and has a termination message from the file only", () => {
    const { container } = planned();
    expect(container.name).toBe("claude");
    expect(container.command?.slice(0, 2)).toEqual(["node", "-e"]);
    expect(JSON.parse(container.command?.[3] ?? "")).toEqual([
      { configMap: "runner-abc", directory: "/run/claude-run/runner", files: { "runner.mjs": "d16e57" } },
      {
        configMap: "fix-login-0f6b2c1d-1",
        directory: "/run/claude-run/config",
        files: { "config.json": "c0ff", prompt: "be11" },
      },
    ]);
    expect(container).not.toHaveProperty("args");
    expect(container).toMatchObject({
      terminationMessagePath: "/dev/termination-log",
      terminationMessagePolicy: "File",
      workingDir: "/workspace",
    });
  });

  test("has HOME on the workspace, so that a later run finds the session", () => {
    expect(planned().variables).toMatchObject({
      RUNNER_CONFIG: "/run/claude-run/config/config.json",
      HOME: "/workspace/.home",
      CLAUDE_CONFIG_DIR: "/workspace/.home/.claude",
    });
    const workspace = { persistentVolumeClaim: { claimName: "code" }, mountPath: "/data" };
    expect(planned({ workspace }).variables["HOME"]).toBe("/data/.home");
  });

  test("has no variable twice: the spec overrides the defaults", () => {
    const env = [
      { name: "HOME", value: "/elsewhere" },
      { name: "TZ", value: "UTC" },
    ];
    const { container, variables } = planned({ pod: { env } });
    const names = (container.env ?? []).map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(variables).toMatchObject({ HOME: "/elsewhere", TZ: "UTC" });
  });

  test("gets the credentials by reference, before the spec's envFrom, which may override keys", () => {
    const envFrom = [{ secretRef: { name: "more" } }];
    const { container } = planned({ credentialsSecretName: "anthropic", pod: { envFrom } });
    expect(container.envFrom).toEqual([{ secretRef: { name: "anthropic" } }, { secretRef: { name: "more" } }]);
    expect(planned().container).not.toHaveProperty("envFrom");
  });
});

describe("volumes", () => {
  test("every mount has its volume, paths are unique, and the operator's mounts are read-only below one directory", () => {
    const { container, volumes } = planned({
      promptFrom: { secretKeyRef: { name: "texts", key: "p" } },
      claude: { mcpConfigFrom: { secretKeyRef: { name: "m", key: "k" } } },
      pod: { volumes: [{ name: "cache", emptyDir: {} }], volumeMounts: [{ name: "cache", mountPath: "/cache" }] },
    });
    const mounts = container.volumeMounts ?? [];
    const paths = mounts.map(({ mountPath }) => mountPath);
    expect(new Set(paths).size).toBe(paths.length);
    for (const { name } of mounts) expect(volumes).toHaveProperty(name);
    for (const mount of mounts.filter(({ mountPath }) => mountPath.startsWith(reservedMountPath))) {
      expect(mount.readOnly).toBe(true);
    }
    expect(volumes["cache"]).toEqual({ name: "cache", emptyDir: {} });
  });

  test("the run ConfigMap is that of the attempt, the runner ConfigMap that of the version", () => {
    const { volumes } = plan(aRun(), {}, 3);
    expect(volumes["claude-run-config"]?.configMap?.name).toBe("fix-login-0f6b2c1d-3");
    expect(volumes["claude-run-runner"]?.configMap?.name).toBe("runner-abc");
  });

  test("the workspace is a claim's subPath, or an emptyDir", () => {
    const persistentVolumeClaim = { claimName: "code", subPath: "reviewer" };
    const { volumes, container } = planned({ workspace: { persistentVolumeClaim } });
    expect(volumes["claude-run-workspace"]?.persistentVolumeClaim).toEqual({ claimName: "code" });
    expect(container.volumeMounts).toContainEqual({
      name: "claude-run-workspace",
      mountPath: "/workspace",
      subPath: "reviewer",
    });
    expect(planned().volumes["claude-run-workspace"]).toEqual({ name: "claude-run-workspace", emptyDir: {} });
  });

  test("promptFrom, mcpConfigFrom and settingsFrom are mounted as one file each", () => {
    const { volumes, container } = planned({
      promptFrom: { secretKeyRef: { name: "texts", key: "p.md" } },
      claude: {
        mcpConfigFrom: { configMapKeyRef: { name: "mcp", key: "m" } },
        settingsFrom: { secretKeyRef: { name: "settings", key: "s" } },
      },
    });
    expect(volumes["claude-run-prompt"]?.secret).toEqual({
      secretName: "texts",
      items: [{ key: "p.md", path: "prompt" }],
    });
    expect(volumes["claude-run-mcp"]?.configMap).toEqual({ name: "mcp", items: [{ key: "m", path: "mcp.json" }] });
    expect(volumes["claude-run-settings"]?.secret?.items).toEqual([{ key: "s", path: "settings.json" }]);
    expect(container.volumeMounts).toContainEqual({
      name: "claude-run-prompt",
      mountPath: "/run/claude-run/prompt",
      readOnly: true,
    });
  });
});

describe("secrets", () => {
  test("the Job contains neither the prompt nor other texts of the spec, except the pod's", () => {
    const run = aRun({ prompt: "PROMPT-TEXT", claude: { systemPrompt: "SYSTEM-TEXT" }, budget: { maxCostUSD: "1" } });
    expect(JSON.stringify(plan(run).job)).not.toMatch(/PROMPT-TEXT|SYSTEM-TEXT/);
  });

  test("the pod gets nothing of the operator's environment", () => {
    const { container } = planned();
    const names = (container.env ?? []).map(({ name }) => name);
    expect(names.toSorted()).toEqual([
      "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC",
      "CLAUDE_CODE_TMPDIR",
      "CLAUDE_CONFIG_DIR",
      "DISABLE_AUTOUPDATER",
      "HOME",
      "RUNNER_CONFIG",
    ]);
  });
});
