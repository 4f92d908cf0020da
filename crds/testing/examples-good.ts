/** Specs that are accepted. Together they use every field. */
import type { GoodExample } from "./example.ts";

const ref = { name: "texts", key: "prompt.md" };
const pod = (fields: object) => ({ pod: fields });
const claude = (fields: object) => ({ claude: fields });

export const goodExamples: readonly GoodExample[] = [
  { title: "an agent and a prompt are enough", spec: {} },
  { title: "an agent's name may have 63 characters", spec: { agent: "a".repeat(63) } },
  { title: "an agent's name may begin with a digit", spec: { agent: "4-eyes" } },
  { title: "a prompt may be 64 KiB of ASCII", spec: { prompt: "x".repeat(65_536) } },
  { title: "a prompt may be 64 KiB of four-byte characters", spec: { prompt: "😀".repeat(16_384) } },
  { title: "a prompt may have lines, tabs and quotes", spec: { prompt: "a\n\tb \"c\" 'd' \\ {{e}}" } },
  { title: "the prompt may come from a Secret", spec: { prompt: undefined, promptFrom: { secretKeyRef: ref } } },
  { title: "the prompt may come from a ConfigMap", spec: { prompt: undefined, promptFrom: { configMapKeyRef: ref } } },
  {
    title: "claude takes options",
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
  { title: "a model may have a provider's name", spec: claude({ model: "us.anthropic.claude-opus-4-8-v1:0[1m]" }) },
  { title: "no limit of turns is written 0", spec: claude({ maxTurns: 0 }) },
  { title: "permissions may be skipped", spec: claude({ dangerouslySkipPermissions: true }) },
  {
    title: "a permission mode may be combined with permissions that are not skipped",
    spec: claude({ permissionMode: "plan", dangerouslySkipPermissions: false }),
  },
  {
    title: "a file may be added to the system prompt",
    spec: claude({ appendSystemPromptFile: "docs/house-rules.md" }),
  },
  { title: "extraArgs may be empty", spec: claude({ extraArgs: [] }) },
  { title: "an argument may be empty", spec: claude({ extraArgs: ["--tools", ""] }) },
  { title: "an option that only begins like a reserved one is accepted", spec: claude({ extraArgs: ["--models=x"] }) },
  { title: "a value may be a negative number", spec: claude({ extraArgs: ["--betas", "-1"] }) },
  { title: "claude may be an empty object", spec: claude({}) },
  { title: "a session is continued", spec: { session: { resume: "0b5f6f0e-7d0c-4a65-9b6e-3d0c2f7f6a11" } } },
  { title: "a missing session may start a new one", spec: { session: { resume: "s_1", onMissing: "StartNew" } } },
  { title: "a Secret holds the credentials", spec: { credentialsSecretName: "anthropic.example" } },
  { title: "a budget has cents", spec: { budget: { maxCostUSD: "2.50" } } },
  { title: "a budget may be a millionth", spec: { budget: { maxCostUSD: "0.000001" } } },
  {
    title: "every option of the queue may be set",
    spec: { concurrencyPolicy: "Replace", priority: -5, suspend: true, queueDeadlineSeconds: 60 },
  },
  { title: "a run may be created cancelled", spec: { cancel: true, cancelReason: "ops: wrong branch" } },
  {
    title: "deadlines are seconds",
    spec: {
      startDeadlineSeconds: 1,
      activeDeadlineSeconds: 2_592_000,
      idleTimeoutSeconds: 600,
      resultGracePeriodSeconds: 5,
      backgroundGracePeriodSeconds: 3_600,
      sidecarGraceSeconds: 0,
      terminationGracePeriodSeconds: 45,
    },
  },
  {
    title: "a run is kept and retried as asked",
    spec: { disruptionRetries: 10, podTTLSecondsAfterFinished: 0, ttlSecondsAfterFinished: 86_400 },
  },
  { title: "a client holds a Lease", spec: { clientLeaseName: "paperclip-server-1" } },
  {
    title: "null is the same as absence",
    spec: { priority: null, claude: null, session: { resume: "s", onMissing: null }, pod: { labels: { a: null } } },
  },
  {
    title: "a workspace is a claim",
    spec: { workspace: { persistentVolumeClaim: { claimName: "work", subPath: "team/.a/..b" }, mountPath: "/work" } },
  },
  { title: "a workspace may be untrusted", spec: { workspace: { trust: false } } },
  {
    title: "settings of a trusted workspace may be chosen",
    spec: { workspace: { trust: true }, ...claude({ extraArgs: ["--setting-sources=user,project"] }) },
  },
  { title: "a workspace may set only its path", spec: { workspace: { mountPath: "/run/claude-runs" } } },
  {
    title: "the pod's image is chosen",
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
    title: "variables come from every kind of source",
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
    title: "resources are quantities",
    spec: pod({
      resources: { requests: { cpu: "250m", memory: 1024 }, limits: { memory: "1.5Gi", "nvidia.com/gpu": "1" } },
    }),
  },
  {
    title: "volumes of all kinds are mounted",
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
    title: "the pod's scheduling is set",
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
    title: "the pod's network names and rights are set",
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
    title: "custom labels and annotations are passed to Job and pod",
    spec: pod({ labels: { team: "a", "kueue.x-k8s.io/queue-name": "q" }, annotations: { "example.com/note": "{}\n" } }),
  },
];
