/** Specs that are rejected for their pod or workspace. */
import type { BadExample } from "./example.ts";

const bad = (title: string, pod: object, problem: string, server?: string): BadExample => ({
  title,
  spec: { pod },
  problem,
  ...(server !== undefined && { server }),
});
const workspace = (title: string, fields: object, problem: string, server?: string): BadExample => ({
  ...bad(title, {}, problem, server),
  spec: { workspace: fields },
});
const volume = (kind: object) => ({ volumes: [{ name: "v", ...kind }] });
const mount = (mountPath: string) => ({ ...volume({ emptyDir: {} }), volumeMounts: [{ name: "v", mountPath }] });
const variable = (fields: object) => ({ env: [{ name: "A", ...fields }] });
const ref = { name: "s", key: "k" };
const unknown = "unknown field";

export const badPodExamples: readonly BadExample[] = [
  workspace("a workspace has an absolute path", { mountPath: "work" }, "must be a normalized absolute path"),
  workspace("a workspace is not the root", { mountPath: "/" }, "must be a normalized absolute path"),
  workspace("a workspace is not a reserved path", { mountPath: "/run/claude-run/x" }, "which the operator mounts"),
  workspace("a claim has a name", { persistentVolumeClaim: {} }, "claimName: must be set", "Required value"),
  workspace(
    "a directory stays in its volume",
    { persistentVolumeClaim: { claimName: "c", subPath: "a/../../b" } },
    "must be a normalized relative path",
    "should match",
  ),
  bad("an image has no spaces", { image: "a b" }, "without spaces"),
  bad("pull policies are a list", { imagePullPolicy: "Sometimes" }, "must be one of Always", "Unsupported value"),
  bad("a variable is named once", { env: [{ name: "A" }, { name: "A" }] }, "must not name the same variable twice"),
  bad("a variable's name has no '='", { env: [{ name: "A=B" }] }, "must be a variable name"),
  bad("the variable of the runner is reserved", { env: [{ name: "RUNNER_CONFIG" }] }, "choose another name"),
  bad("a variable is a string", variable({ value: 1 }), "must be a string", "must be of type string"),
  bad(
    "a variable has one value",
    variable({ value: "a", valueFrom: { secretKeyRef: ref } }),
    "must not set both value and valueFrom",
  ),
  bad(
    "a variable has one source",
    variable({ valueFrom: { secretKeyRef: ref, configMapKeyRef: ref } }),
    "must set exactly one of secretKeyRef, configMapKeyRef, fieldRef, resourceFieldRef",
  ),
  bad(
    "not every field of a pod can be a variable",
    variable({ valueFrom: { fieldRef: { fieldPath: "spec.containers" } } }),
    "must be a pod field",
    "should match",
  ),
  bad(
    "a source of variables is one",
    { envFrom: [{ prefix: "A_" }] },
    "must set exactly one of secretRef, configMapRef",
  ),
  bad(
    "a quantity has a known unit",
    { resources: { limits: { memory: "4GB" } } },
    "must be a non-negative quantity",
    "should match",
  ),
  bad(
    "a quantity is not negative",
    { resources: { requests: { cpu: -1 } } },
    "must be at least 0",
    "greater than or equal to 0",
  ),
  bad(
    "a quantity is not a fraction",
    { resources: { requests: { cpu: 0.5 } } },
    "must be a non-negative quantity",
    "must be of type integer",
  ),
  bad("the node's files stay the node's", volume({ hostPath: { path: "/" } }), "unknown field hostPath", unknown),
  bad("a volume has a kind", volume({}), "must set exactly one of emptyDir"),
  bad(
    "a projected source is one",
    volume({ projected: { sources: [{}] } }),
    "must set exactly one of secret, configMap, serviceAccountToken",
  ),
  bad(
    "a volume has one kind",
    volume({ emptyDir: {}, secret: { secretName: "s" } }),
    "must set exactly one of emptyDir",
  ),
  bad(
    "names of the operator's volumes are reserved",
    { volumes: [{ name: "claude-run-prompt", emptyDir: {} }] },
    "choose another name",
  ),
  bad(
    "a volume is named once",
    {
      volumes: [
        { name: "v", emptyDir: {} },
        { name: "v", emptyDir: {} },
      ],
    },
    "must not have two items of the same name",
    "Duplicate value",
  ),
  bad("a mount has a volume", { volumeMounts: [{ name: "v", mountPath: "/v" }] }, "must have in volumes every name"),
  bad("a mount is not a reserved path", mount("/run/claude-run"), "which the operator mounts"),
  bad("a mount does not hide behind dots", mount("/run/x/../claude-run"), "must be a normalized absolute path"),
  bad("a mount has no colon", mount("/a:ro"), "must be a normalized absolute path"),
  bad(
    "Exists has no value",
    { tolerations: [{ key: "a", operator: "Exists", value: "b" }] },
    "must not set value if it is",
  ),
  bad("Equal has a key", { tolerations: [{ value: "b" }] }, "must set key unless operator is Exists"),
  bad(
    "seconds are for NoExecute",
    { tolerations: [{ operator: "Exists", effect: "NoSchedule", tolerationSeconds: 1 }] },
    "must set effect to NoExecute",
  ),
  bad("an affinity is spelt right", { affinity: { nodeAfinity: {} } }, "unknown field nodeAfinity", unknown),
  bad(
    "an affinity is typed to the last level",
    { affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{}] } } },
    "topologyKey: must be set",
    "Required value",
  ),
  bad(
    "a weight is at most 100",
    {
      affinity: {
        nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 101, preference: {} }] },
      },
    },
    "must be at most 100",
    "less than or equal to 100",
  ),
  bad("a name server is an address", { dnsConfig: { nameservers: ["dns.example"] } }, "must be an IP address"),
  bad(
    "privileged is not on offer",
    { containerSecurityContext: { privileged: true } },
    "unknown field privileged",
    unknown,
  ),
  bad(
    "user ids are not negative",
    { securityContext: { runAsUser: -1 } },
    "must be at least 0",
    "greater than or equal to 0",
  ),
  bad(
    "labels of the operator are reserved",
    { labels: { "paperclip.io/agent": "x" } },
    "that the operator and the Job controller set",
  ),
  bad("the Job's labels are the Job's", { labels: { "batch.kubernetes.io/job-name": "x" } }, "choose others"),
  bad("the Job's old labels are too", { labels: { "job-name": "x" } }, "choose others"),
  bad("labels of the app are reserved", { annotations: { "app.kubernetes.io/name": "x" } }, "choose others"),
  bad("a label's value is short", { labels: { a: "x".repeat(64) } }, "at most 63 characters", "63"),
  bad("a label's value has no spaces", { labels: { a: "b c" } }, "must be a label value"),
  bad("a label's key is short", { labels: { ["k".repeat(318)]: "x" } }, "must have keys of at most 317 characters"),
  bad(
    "a node's label has a short key",
    { nodeSelector: { ["k".repeat(100_000)]: "x" } },
    "must have keys of at most 317",
  ),
  bad(
    "a resource's name is short",
    { resources: { limits: { ["k".repeat(318)]: 1 } } },
    "must have keys of at most 317",
  ),
  bad(
    "a selected label has a short key",
    {
      affinity: {
        podAntiAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [
            { topologyKey: "zone", labelSelector: { matchLabels: { ["ü".repeat(318)]: "x" } } },
          ],
        },
      },
    },
    "must have keys of at most 317 characters",
  ),
  bad("a label's key has one '/'", { labels: { "a/b/c": "x" } }, "must have keys like 'name'"),
];
