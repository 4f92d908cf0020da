/** Specs that are accepted. Together they use every field. */
import type { GoodExample } from "./example.ts";

const ref = { name: "texts", key: "prompt.md" };
const pod = (fields: object) => ({ pod: fields });
const claude = (fields: object) => ({ claude: fields });

export const goodExamples: readonly GoodExample[] = [
  { says: "an agent and a prompt are enough", spec: {} },
  { says: "an agent's name may have 63 characters", spec: { agent: "a".repeat(63) } },
  { says: "an agent's name may begin with a digit", spec: { agent: "4-eyes" } },
  { says: "a prompt may be 64 KiB of ASCII", spec: { prompt: "x".repeat(65_536) } },
  { says: "a prompt may be 64 KiB of four-byte characters", spec: { prompt: "😀".repeat(16_384) } },
  { says: "a prompt may have lines, tabs and quotes", spec: { prompt: "a\n\tb \"c\" 'd' \\ {{e}}" } },
  { says: "the prompt may come from a Secret", spec: { prompt: undefined, promptFrom: { secretKeyRef: ref } } },
  { says: "the prompt may come from a ConfigMap", spec: { prompt: undefined, promptFrom: { configMapKeyRef: ref } } },
  {
    says: "claude takes options",
    spec: claude({
      model: "opus",
      effort: "xhigh",
      maxTurns: 40,
      permissionMode: "acceptEdits",
      allowedTools: ["Read", "Bash(git *)"],
      disallowedTools: ["WebFetch"],
      addDirs: ["/data", "../lib"],
      systemPrompt: "Be brief.",
      appendSystemPrompt: "And kind.",
      mcpConfigFrom: { secretKeyRef: { name: "mcp", key: "mcp.json" } },
      settingsFrom: { configMapKeyRef: { name: "settings", key: ".json" } },
      includePartialMessages: true,
      extraArgs: ["--fallback-model", "sonnet", "--json-schema={}"],
    }),
  },
  { says: "a model may have a provider's name", spec: claude({ model: "us.anthropic.claude-opus-4-8-v1:0[1m]" }) },
  { says: "no limit of turns is written 0", spec: claude({ maxTurns: 0 }) },
  { says: "permissions may be skipped", spec: claude({ dangerouslySkipPermissions: true }) },
  {
    says: "a permission mode may stand beside permissions that are not skipped",
    spec: claude({ permissionMode: "plan", dangerouslySkipPermissions: false }),
  },
  { says: "a file may be added to the system prompt", spec: claude({ appendSystemPromptFile: "docs/house-rules.md" }) },
  { says: "extraArgs may be empty", spec: claude({ extraArgs: [] }) },
  { says: "an argument may be empty", spec: claude({ extraArgs: ["--tools", ""] }) },
  { says: "an option that only begins like one of ours is let through", spec: claude({ extraArgs: ["--models=x"] }) },
  { says: "a value may be a negative number", spec: claude({ extraArgs: ["--betas", "-1"] }) },
  { says: "claude may be given nothing", spec: claude({}) },
  { says: "a session is continued", spec: { session: { resume: "0b5f6f0e-7d0c-4a65-9b6e-3d0c2f7f6a11" } } },
  { says: "a missing session may start anew", spec: { session: { resume: "s_1", onMissing: "StartNew" } } },
  { says: "a Secret holds the credentials", spec: { credentialsSecretName: "anthropic.example" } },
  { says: "a budget has cents", spec: { budget: { maxCostUSD: "2.50" } } },
  { says: "a budget may be a millionth", spec: { budget: { maxCostUSD: "0.000001" } } },
  {
    says: "every knob of the queue may be turned",
    spec: { concurrencyPolicy: "Replace", priority: -5, suspend: true, queueDeadlineSeconds: 60 },
  },
  { says: "a run may be cancelled at birth", spec: { cancel: true, cancelReason: "ops: wrong branch" } },
  {
    says: "deadlines are seconds",
    spec: {
      startDeadlineSeconds: 1,
      activeDeadlineSeconds: 2_592_000,
      idleTimeoutSeconds: 600,
      resultGracePeriodSeconds: 5,
      terminationGracePeriodSeconds: 45,
    },
  },
  {
    says: "a run is kept and retried as asked",
    spec: { disruptionRetries: 10, podTTLSecondsAfterFinished: 0, ttlSecondsAfterFinished: 86_400 },
  },
  { says: "a client holds a Lease", spec: { clientLeaseName: "paperclip-server-1" } },
  {
    says: "null is the same as absence",
    spec: { priority: null, claude: null, session: { resume: "s", onMissing: null }, pod: { labels: { a: null } } },
  },
  {
    says: "a workspace is a claim",
    spec: { workspace: { persistentVolumeClaim: { claimName: "work", subPath: "team/.a/..b" }, mountPath: "/work" } },
  },
  { says: "a workspace may only say where", spec: { workspace: { mountPath: "/run/claude-runs" } } },
  {
    says: "the pod's image is chosen",
    spec: pod({
      image: "registry.example/agent@sha256:0123",
      imagePullPolicy: "IfNotPresent",
      imagePullSecrets: [{ name: "pull" }],
      serviceAccountName: "agent",
      priorityClassName: "low",
      runtimeClassName: "gvisor",
    }),
  },
  {
    says: "variables come from everywhere",
    spec: pod({
      env: [
        { name: "A", value: "" },
        { name: "B_1", value: "$(A)" },
        { name: "C", valueFrom: { secretKeyRef: { name: "s", key: "k", optional: true } } },
        { name: "D", valueFrom: { configMapKeyRef: { name: "c", key: "k" } } },
        { name: "E", valueFrom: { fieldRef: { fieldPath: "metadata.labels['paperclip.io/agent']" } } },
        { name: "F", valueFrom: { resourceFieldRef: { resource: "limits.memory", divisor: "1Mi" } } },
        { name: "G" },
      ],
      envFrom: [{ prefix: "X_", secretRef: { name: "s", optional: true } }, { configMapRef: { name: "c" } }],
    }),
  },
  {
    says: "resources are quantities",
    spec: pod({
      resources: { requests: { cpu: "250m", memory: 1024 }, limits: { memory: "1.5Gi", "nvidia.com/gpu": "1" } },
    }),
  },
  {
    says: "volumes of all kinds are mounted",
    spec: pod({
      volumes: [
        { name: "scratch", emptyDir: { medium: "Memory", sizeLimit: "64Mi" } },
        { name: "plain", emptyDir: {} },
        { name: "files", configMap: { name: "c", defaultMode: 420, items: [{ key: "k", path: "a/b", mode: 256 }] } },
        { name: "keys", secret: { secretName: "s", optional: true } },
        { name: "data", persistentVolumeClaim: { claimName: "p", readOnly: true } },
        {
          name: "all",
          projected: {
            sources: [
              { secret: { name: "s" } },
              { configMap: { name: "c", optional: false } },
              { serviceAccountToken: { path: "token", audience: "cloud", expirationSeconds: 600 } },
            ],
          },
        },
      ],
      volumeMounts: [
        { name: "scratch", mountPath: "/tmp/scratch" },
        { name: "data", mountPath: "/data", subPath: "a", readOnly: true },
      ],
    }),
  },
  {
    says: "the pod says where it runs",
    spec: pod({
      nodeSelector: { "kubernetes.io/os": "linux", empty: "" },
      tolerations: [
        { operator: "Exists" },
        { key: "spot", operator: "Equal", value: "yes", effect: "NoExecute", tolerationSeconds: 60 },
      ],
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [{ matchExpressions: [{ key: "disk", operator: "In", values: ["ssd"] }] }],
          },
          preferredDuringSchedulingIgnoredDuringExecution: [
            { weight: 1, preference: { matchFields: [{ key: "metadata.name", operator: "In", values: ["n"] }] } },
          ],
        },
        podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: "zone", labelSelector: {} }] },
        podAntiAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [
            {
              weight: 100,
              podAffinityTerm: {
                topologyKey: "kubernetes.io/hostname",
                labelSelector: { matchLabels: { app: "x" }, matchExpressions: [{ key: "a", operator: "Exists" }] },
                namespaces: ["other"],
              },
            },
          ],
        },
      },
    }),
  },
  {
    says: "the pod's network names and rights are set",
    spec: pod({
      dnsConfig: {
        nameservers: ["10.0.0.10", "fd00::1"],
        searches: ["x.svc"],
        options: [{ name: "ndots", value: "1" }],
      },
      securityContext: {
        runAsUser: 1000,
        runAsGroup: 1000,
        runAsNonRoot: true,
        fsGroup: 1000,
        fsGroupChangePolicy: "OnRootMismatch",
        supplementalGroups: [5],
        supplementalGroupsPolicy: "Strict",
        seccompProfile: { type: "RuntimeDefault" },
        appArmorProfile: { type: "Localhost", localhostProfile: "agent" },
        seLinuxOptions: { user: "u", role: "r", type: "t", level: "s0" },
      },
      containerSecurityContext: {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        runAsUser: 0,
        capabilities: { drop: ["ALL"], add: ["NET_BIND_SERVICE"] },
      },
    }),
  },
  {
    says: "labels and annotations of others pass to Job and pod",
    spec: pod({ labels: { team: "a", "kueue.x-k8s.io/queue-name": "q" }, annotations: { "example.com/note": "{}\n" } }),
  },
];
