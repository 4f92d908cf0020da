/** Case 37: every key of the form, and of the adapter that this one replaces, in each form of its value. */
import { describe, expect, it } from "vitest";
import { configSchema } from "../config-schema.ts";
import { readSettings } from "./settings.ts";

/** Equivalent values of a key, and the result in the settings or the pod. */
type Row = readonly [key: string, forms: readonly unknown[], found: object];

const text = (key: string, name: string, value = "some-value"): Row => [key, [value, ` ${value} `], { [name]: value }];
const amount = (key: string, name: string): Row => [key, [7, "7", " 7 "], { [name]: 7 }];
const pod = (found: object): object => ({ pod: expect.objectContaining(found) as unknown });
const flag = (key: string, name: string, value: boolean): Row => [key, [value, String(value)], { [name]: value }];
const taint = { key: "gpu", operator: "Equal", value: "yes", effect: "NoSchedule" };
const server = { docs: { command: "docs", args: ["--stdio"] } };
const quantity = (kind: string, name: string): Row => [
  `resources.${kind}.${name}`,
  ["2", 2],
  pod({ resources: { [kind]: { [name]: "2" } } }),
];

const rows: readonly Row[] = [
  text("namespace", "namespace"),
  text("kubeconfig", "kubeconfig", "other-cluster"),
  text("model", "model"),
  text("effort", "effort", "high"),
  text("promptTemplate", "promptTemplate"),
  text("bootstrapPromptTemplate", "bootstrapPromptTemplate"),
  text("instructionsFilePath", "instructionsFilePath", "/srv/AGENTS.md"),
  text("credentialsSecretName", "credentialsSecretName"),
  text("secretRef", "credentialsSecretName"),
  text("concurrencyPolicy", "concurrencyPolicy", "Forbid"),
  text("maxCostUSD", "maxCostUSD", "2.50"),
  text("workspaceVolumeClaim", "workspaceVolumeClaim"),
  text("workspaceMountPath", "workspaceMountPath", "/work"),
  text("workspaceSubPath", "workspaceSubPath"),
  text("paperclipApiUrl", "apiUrl", "http://paperclip:3100"),
  text("operatorLease", "operatorLease", "ns/name"),
  amount("maxTurnsPerRun", "maxTurns"),
  amount("timeoutSec", "timeoutSec"),
  amount("graceSec", "graceSec"),
  amount("ttlSecondsAfterFinished", "ttlSecondsAfterFinished"),
  amount("idleTimeoutSec", "idleTimeoutSec"),
  amount("disruptionRetries", "disruptionRetries"),
  ["podScheduleTimeoutSec", [7, "7"], { scheduleTimeoutSec: 487 }],
  ["podStartTimeoutSec", [7, "7"], { scheduleTimeoutSec: 127 }],
  flag("dangerouslySkipPermissions", "skipPermissions", false),
  flag("retainJobs", "retainRuns", true),
  flag("freshSessionOnMissing", "freshSessionOnMissing", false),
  ["extraArgs", [["--a", "b c"], '["--a","b c"]', "# comment\n--a\nb c"], { extraArgs: ["--a", "b c"] }],
  ["args", [["--a"], '["--a"]', "--a"], { extraArgs: ["--a"] }],
  [
    "env",
    [{ A: "1", B: "x=y" }, '{"A":"1","B":"x=y"}', "# comment\nA=1\r\nB = x=y"],
    { environment: { A: "1", B: "x=y" } },
  ],
  ["mcpServers", [server, JSON.stringify(server)], { mcpServers: server }],
  ["image", ["registry/image:1"], pod({ image: "registry/image:1" })],
  ["imagePullPolicy", ["Always"], pod({ imagePullPolicy: "Always" })],
  ["imagePullSecrets", [["a", "b"], '["a","b"]', "a\nb"], pod({ imagePullSecrets: [{ name: "a" }, { name: "b" }] })],
  ["serviceAccountName", ["robot"], pod({ serviceAccountName: "robot" })],
  ["runtimeClassName", ["gvisor"], pod({ runtimeClassName: "gvisor" })],
  ["priorityClassName", ["low"], pod({ priorityClassName: "low" })],
  ["nodeSelector", [{ disk: "ssd" }, '{"disk":"ssd"}', "# fast\ndisk=ssd"], pod({ nodeSelector: { disk: "ssd" } })],
  ["labels", [{ team: "red" }, '{"team":"red"}', "team=red"], pod({ labels: { team: "red" } })],
  [
    "tolerations",
    [[taint], JSON.stringify([taint]), JSON.stringify(taint), "gpu=yes:NoSchedule"],
    pod({ tolerations: [taint] }),
  ],
  [
    "resources",
    [{ limits: { cpu: "2" } }, '{"limits":{"cpu":"2"}}', "limits.cpu=2"],
    pod({ resources: { limits: { cpu: "2" } } }),
  ],
  ...["requests", "limits"].flatMap((kind) => ["cpu", "memory"].map((name) => quantity(kind, name))),
];

describe.each(rows)("case 37: %s", (key, forms, found) => {
  it.each(forms.map((form) => [form]))("is read from %j", (form) => {
    expect(readSettings({ [key]: form })).toMatchObject(found);
  });

  it.each([[undefined], [null], [""]])("%j is as if it were absent", (form) => {
    expect(readSettings({ [key]: form })).toEqual(readSettings({}));
  });

  it("makes a difference", () => {
    expect(readSettings({})).not.toMatchObject(found);
  });
});

describe("case 37: an invalid value is an error that names the key", () => {
  const wrong: readonly [key: string, value: unknown][] = [
    ...["namespace", "model", "image"].map((key): [string, unknown] => [key, 7]),
    ...["timeoutSec", "maxTurnsPerRun", "idleTimeoutSec"].map((key): [string, unknown] => [key, "soon"]),
    ...["retainJobs", "freshSessionOnMissing"].map((key): [string, unknown] => [key, "perhaps"]),
    ...["env", "nodeSelector", "labels", "resources"].map((key): [string, unknown] => [key, "no pair"]),
    ...["env", "labels", "mcpServers", "tolerations", "extraArgs", "imagePullSecrets"].map((key): [string, unknown] => [
      key,
      "{broken",
    ]),
    ["effort", "gigantic"],
    ["imagePullPolicy", "Sometimes"],
    ["concurrencyPolicy", "Fight"],
    ["operatorLease", "no-namespace"],
  ];
  it.each(wrong)("%s: %j", (key, value) => {
    expect(() => readSettings({ [key]: value })).toThrow(key);
  });
});

it("case 37: no key of the form is left out here", () => {
  const tested = new Set(rows.map(([key]) => key));
  expect(configSchema.fields.map(({ key }) => key).filter((key) => !tested.has(key))).toEqual([]);
});
