/** Values that somebody could install the chart with; each is rendered, judged by the operator, and shown to the API server. */
import type { Values } from "./render.ts";

export const images: Values = { image: "registry.example/operator:1", run: { image: "registry.example/agent:1" } };

const run = (more: Values): Values => ({ ...images, run: { image: "registry.example/agent:1", ...more } });
const metrics = (more: Values): Values => ({ ...images, metrics: more });

export const valueSets: Readonly<Record<string, Values>> = {
  "the defaults, without images": {},
  "both images": images,
  "images by digest": {
    image: `registry.example/operator@sha256:${"a".repeat(64)}`,
    run: { image: `registry.example/agent@sha256:${"b".repeat(64)}` },
  },
  "pull secrets and policies": {
    ...run({ imagePullSecrets: ["agents"], imagePullPolicy: "Always" }),
    imagePullSecrets: ["registry", "mirror"],
    imagePullPolicy: "Always",
  },
  "one namespace": { ...images, watchNamespaces: ["default"] },
  "a list of namespaces": { ...images, watchNamespaces: ["default", "kube-public"] },
  "one replica": { ...images, replicas: 1 },
  "five replicas, kept apart, on nodes of their own": {
    ...images,
    replicas: 5,
    podDisruptionBudget: { maxUnavailable: 2 },
    topologySpread: { whenUnsatisfiable: "DoNotSchedule" },
    priorityClassName: "system-cluster-critical",
    nodeSelector: { pool: "system" },
    tolerations: [{ key: "system", operator: "Exists" }],
    affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [] } },
    podLabels: { team: "platform" },
    podAnnotations: { note: "1" },
  },
  "defaults of runs": run({
    serviceAccountName: "agents",
    mountPath: "/home/agent",
    resources: { requests: { cpu: "1" }, limits: { memory: "8Gi", "nvidia.com/gpu": "1" } },
    terminationGracePeriodSeconds: 120,
    podTTLSecondsAfterFinished: 3600,
    activeDeadlineSeconds: 7200,
    idleTimeoutSeconds: 600,
    queueDeadlineSeconds: 86400,
    ttlSecondsAfterFinished: 0,
    securityContext: { runAsUser: 2000, fsGroup: 2000 },
    containerSecurityContext: { readOnlyRootFilesystem: false },
  }),
  "brakes and history": {
    ...images,
    admission: "paused",
    maxActiveRuns: 50,
    maxActiveRunsPerNamespace: 5,
    historyLimit: 20,
  },
  "quiet: no progress, no reports of lost logs": {
    ...images,
    progressIntervalSeconds: 0,
    reportLogsGone: false,
    logLevel: "warn",
    workers: 4,
  },
  "the CRD from elsewhere, no aggregated roles": { ...images, crd: { install: false }, aggregateClusterRoles: false },
  "a CRD that goes with the release": { ...images, crd: { keep: false } },
  monitoring: metrics({
    serviceMonitor: { enabled: true, interval: "15s", labels: { release: "prometheus" } },
    prometheusRule: { enabled: true, labels: { release: "prometheus" }, failureRatio: 0.25, costUSDPerHour: 7.5 },
    dashboard: { enabled: true, annotations: { grafana_folder: "Agents" } },
  }),
  "no network policy": { ...images, networkPolicy: { operator: { enabled: false } } },
  "network policies for operator and runs": {
    ...images,
    networkPolicy: {
      operator: {
        apiServerCIDRs: ["10.0.0.1/32"],
        apiServerPorts: [6443],
        ingressFrom: [{ namespaceSelector: { matchLabels: { name: "monitoring" } } }],
      },
      runs: {
        enabled: true,
        namespaces: ["default"],
        egress: [{ to: [{ ipBlock: { cidr: "192.0.2.0/24" } }], ports: [{ port: 443 }] }],
      },
    },
  },
  "runs that may reach nothing": {
    ...images,
    watchNamespaces: ["default"],
    networkPolicy: { runs: { enabled: true, dns: false, apiCIDRs: [] } },
  },
  "admission policies that allow nothing": {
    ...images,
    admissionPolicy: { enabled: true, volumeTypes: [], exemptGroups: [] },
  },
  "admission policies that allow some": {
    ...images,
    watchNamespaces: ["default"],
    admissionPolicy: {
      enabled: true,
      imagePrefixes: ["registry.example/agents/", "registry.example/agent@sha256:"],
      serviceAccounts: ["agents"],
      serviceAccountTokens: true,
      requireUntrustedWorkspace: true,
      runLabels: ["team", "example.com/*"],
      runAnnotations: [],
      protectPods: false,
      exemptGroups: ["system:masters", "platform"],
    },
  },
};
