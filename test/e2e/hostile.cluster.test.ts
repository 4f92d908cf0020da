/**
 * A container, and objects, that mean harm: every run still ends, other agents do not notice, and the operator's memory
 * stays where it was. What a container can forge about itself is its own affair (it has the runner's uid).
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isFinished } from "../../crds/finished.ts";
import { managedBy } from "../../operator/names.ts";
import { kubectl } from "../cluster/kubectl.ts";
import { agentImage, operatorNamespace } from "../install.ts";
import { Stage, type Spec } from "./stage.ts";

let stage: Stage;
let before: { readonly miB: number; readonly restarts: string };
beforeAll(async () => {
  stage = await Stage.open("hostile");
  await kubectl(["create", "-f", "-"], {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "harm", namespace: stage.namespace },
    data: { node: fakeNode, claude: flood },
    binaryData: Object.fromEntries(messages.map(([name, said]) => [name, Buffer.from(said).toString("base64")])),
  });
  before = { miB: await operatorMiB(), restarts: await operatorRestarts() };
});
afterAll(() => stage.close());

const replicas = ["pods", "-n", operatorNamespace, "-l", "app.kubernetes.io/component=operator"];

/** Resident memory of the operator's biggest replica. */
async function operatorMiB(): Promise<number> {
  const names = (await kubectl(["get", ...replicas, "-o", "jsonpath={.items[*].metadata.name}"])).split(" ");
  const sizes = await Promise.all(
    names.map(async (name) => {
      const metrics = await kubectl([
        "get",
        "--raw",
        `/api/v1/namespaces/${operatorNamespace}/pods/${name}:8080/proxy/metrics`,
      ]);
      return Number(/^process_resident_memory_bytes (\d+)$/m.exec(metrics)?.[1] ?? NaN) / 2 ** 20;
    }),
  );
  return Math.max(...sizes);
}

async function operatorRestarts(): Promise<string> {
  const each = "{.metadata.uid} {.status.containerStatuses[*].restartCount}";
  return kubectl(["get", ...replicas, "-o", `jsonpath={range .items[*]}${each};{end}`]);
}

/** In the place of node, so that no runner is in the way. */
const fakeNode = `#!/bin/sh
cat "/harm/$MESSAGE" > /dev/termination-log
exit 0
`;

/** In claude's place; the prompt names what it is to write. */
const flood = `#!/usr/bin/env node
const fs = require("fs");
const write = (bytes) => { for (let at = 0; at < bytes.length; ) at += fs.writeSync(1, bytes, at); };
const say = (event) => write(Buffer.from(JSON.stringify({ session_id: "flood", ...event }) + "\\n"));
say({ type: "system", subtype: "init" });
eval(fs.readFileSync(0, "utf8"));
say({ type: "result", subtype: "success", is_error: false, num_turns: 1, result: "done" });
`;

/**
 * Sixty thousand lines as fast as they go, again and again, until a file says that it is enough. The operator needs to look twice
 * (38 s), and once more where a look comes to nothing: it only asks again 15 to 19 s later.
 */
const aMillionLines = `
  const lines = Buffer.from("{}\\n".repeat(60_000));
  const clock = new Int32Array(new SharedArrayBuffer(4));
  const isEnough = (i) => i >= 17 && fs.existsSync("enough");
  for (let i = 0; i < 72 && !isEnough(i); i++) { write(lines); Atomics.wait(clock, 0, 0, 2_500); }`;

const good = { v: 1, complete: true, reason: "Completed" };
const noise = Uint8Array.from({ length: 4096 }, (_, index) => (index * 7919 + (index >> 3)) % 256);

const messages: readonly [name: string, said: string | Uint8Array, status: object][] = [
  ["zeros", new Uint8Array(4096), { failure: { reason: "ResultUnreadable" } }],
  ["noise", noise, { failure: { reason: "ResultUnreadable" } }],
  ["brackets", "[".repeat(4096), { failure: { reason: "ResultUnreadable" } }],
  ["null", "null", { failure: { reason: "ResultUnreadable" } }],
  ["another-version", JSON.stringify({ ...good, v: 2 }), { failure: { reason: "ResultUnreadable" } }],
  [
    "forged-numbers",
    '{"v":1,"complete":true,"reason":"Completed","result":{"costUSD":"all of it","turns":1e308,"exitCode":9e99,"durationMs":-1,"text":7,"isError":false}}',
    { phase: "Succeeded", result: { isError: false } },
  ],
  [
    "forged-keys",
    '{"v":1,"complete":false,"complete":true,"reason":"NoSuchReason","reason":"Refusal","__proto__":{"reason":"Completed"},"result":{"__proto__":{"turns":7},"constructor":{"prototype":{"polluted":1}},"turns":3,"turns":4},"session":{"id":"x","uid":"y"},"failure":{"retryable":true}}',
    { failure: { reason: "Refusal", retryable: false }, result: { turns: 4 } },
  ],
];

const inClaudesPlace: Spec = {
  pod: {
    volumes: [{ name: "harm", configMap: { name: "harm", defaultMode: 0o755 } }],
    volumeMounts: [{ name: "harm", mountPath: "/harm" }],
  },
};
const path = (value: string): { name: string; value: string } => ({ name: "PATH", value });

describe.concurrent("a termination message that is hostile ends its run and nothing else:", () => {
  it.each(messages)("%s", async (name, _, shown) => {
    const env = [path("/harm:/usr/bin:/bin"), { name: "MESSAGE", value: name }];
    await stage.create(stage.run(name, [], { pod: { ...inClaudesPlace.pod, env } }));
    const { status } = await stage.ended(name);
    expect(status).toMatchObject(shown);
    for (const field of ["costUSD", "exitCode", "durationMs", "text", "constructor"]) {
      expect(Object.keys(status?.result ?? {})).not.toContain(field);
    }
  });
});

describe.concurrent("a log that is a flood ends with its result:", () => {
  const floods: readonly [name: string, script: string, atLeastBytes: number][] = [
    ["one-line-of-50-mb", 'write(Buffer.alloc(50e6, "x")); write(Buffer.from("\\n"))', 50e6],
    [
      "broken-utf-8",
      "for (let i = 0; i < 1000; i++) write(Buffer.from([0x7b, 0xff, 0xc3, 0x28, 0xed, 0xa0, 0x80, 0, 10]))",
      9_000,
    ],
  ];
  it.each(floods)("%s", async (name, script, atLeastBytes) => {
    const env = [path("/harm-claude:/usr/local/bin:/usr/bin:/bin")];
    const volumeMounts = [{ name: "harm", mountPath: "/harm-claude/claude", subPath: "claude" }];
    const run = stage.run(name, [], { pod: { ...inClaudesPlace.pod, volumeMounts, env } });
    await stage.create({ ...run, spec: { ...run.spec, prompt: script } });
    const { status } = await stage.ended(name, 150);
    expect(status).toMatchObject({ phase: "Succeeded", result: { text: "done" }, log: { complete: true } });
    expect(status?.log?.bytes).toBeGreaterThanOrEqual(atLeastBytes);
  });

  it("a million lines, sampled while they come", async () => {
    const env = [path("/harm-claude:/usr/local/bin:/usr/bin:/bin")];
    const volumeMounts = [{ name: "harm", mountPath: "/harm-claude/claude", subPath: "claude" }];
    const run = stage.run("million", [], { pod: { ...inClaudesPlace.pod, volumeMounts, env } });
    await stage.create({ ...run, spec: { ...run.spec, prompt: aMillionLines } });
    await stage.shows("million", "Running");
    await stage.until("its log was sampled while it ran", async () => {
      const { phase, log } = (await stage.get("million")).status ?? {};
      return phase === "Running" && (log?.lines ?? 0) > 0;
    });
    const [pod] = await stage.pods("million");
    await stage.kubectl("exec", pod?.metadata.name ?? "", "--", "touch", "enough");
    const { status } = await stage.ended("million", 150);
    expect(status).toMatchObject({ phase: "Succeeded", result: { text: "done" }, log: { complete: true } });
    expect(status?.log?.lines).toBeGreaterThanOrEqual(1e6);
  });
});

it("a spec that a newer version wrote fails as InvalidSpec, and says which field", async () => {
  const crd = JSON.parse(await kubectl(["get", "crd", "clauderuns.paperclip.io", "-o", "json"])) as Crd;
  const policy = crd.spec.versions[0]?.schema.openAPIV3Schema.properties.spec.properties.concurrencyPolicy;
  if (policy === undefined) throw new Error("the CRD has no concurrencyPolicy");
  const run = stage.run("newer", [{ text: "never" }]);
  const newer = { ...run, spec: { ...run.spec, agent: "time-traveller", suspend: true, concurrencyPolicy: "Someday" } };
  const ours = policy.enum;
  const setEnum = (words: readonly string[]): Promise<string> =>
    kubectl([
      "patch",
      "crd",
      "clauderuns.paperclip.io",
      "--type=json",
      "-p",
      JSON.stringify([{ op: "replace", path: enumPath, value: words }]),
    ]);
  await setEnum([...ours, "Someday"]);
  try {
    await stage.until("the wider CRD is served", async () =>
      stage.create(newer).then(
        () => true,
        () => false,
      ),
    );
  } finally {
    await setEnum(ours);
  }
  await stage.change("newer", { suspend: false });
  const { status } = await stage.ended("newer");
  expect(status?.failure?.reason).toBe("InvalidSpec");
  expect(status?.failure?.message).toContain("spec.concurrencyPolicy: must be one of");
  await stage.create(stage.run("present", [{ text: "here" }], { agent: "time-traveller" }));
  expect((await stage.ended("present")).status?.phase).toBe("Succeeded");
});

const enumPath = "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/concurrencyPolicy/enum";
interface Crd {
  spec: {
    versions: {
      schema: { openAPIV3Schema: { properties: { spec: { properties: { concurrencyPolicy: { enum: string[] } } } } } };
    }[];
  };
}

it("somebody else's pod with our labels does not hold the slot, and is left alone", async () => {
  const labels = {
    "paperclip.io/agent": "famous",
    "paperclip.io/run": "impostor",
    "app.kubernetes.io/managed-by": managedBy,
  };
  const container = {
    name: "run",
    image: agentImage,
    imagePullPolicy: "IfNotPresent",
    command: ["sleep", "600"],
    securityContext: {
      runAsNonRoot: true,
      allowPrivilegeEscalation: false,
      capabilities: { drop: ["ALL"] },
      seccompProfile: { type: "RuntimeDefault" },
    },
  };
  const metadata = { name: "impostor", namespace: stage.namespace, labels };
  const spec = { terminationGracePeriodSeconds: 1, containers: [container] };
  await kubectl(["create", "-f", "-"], { apiVersion: "v1", kind: "Pod", metadata, spec });
  await stage.kubectl("wait", "pod/impostor", "--for=condition=Ready", "--timeout=180s");
  await stage.create(stage.run("famous", [{ text: "here" }]));
  expect((await stage.ended("famous")).status?.phase).toBe("Succeeded");
  expect(
    await stage.kubectl("get", "pod", "impostor", "-o", "jsonpath={.status.phase}{.metadata.deletionTimestamp}"),
  ).toBe("Running");
});

describe.concurrent("a status edited by hand costs only its own run:", () => {
  const edits: readonly [name: string, status: object][] = [
    ["declared-finished", { phase: "Succeeded" }],
    ["all-forgotten", { phase: null, pod: null, job: null, attempt: null, conditions: null, startTime: null }],
    ["another-pod", { pod: { name: "no-such-pod", uid: "no-such-uid" } }],
    ["far-attempt", { attempt: 1_000_000, admittedTime: "1970-01-01T00:00:00Z" }],
  ];
  it.each(edits)("%s", async (name, status) => {
    await stage.create(stage.run(name, [{ delayMs: 8_000, text: "here" }]));
    await stage.shows(name, "Running");
    await stage.kubectl(
      "patch",
      "clauderun",
      name,
      "--subresource=status",
      "--type=merge",
      "-p",
      JSON.stringify({ status }),
    );
    await stage.until("it is finished", async () => isFinished(await stage.get(name)), 120);
    // What was let go is found again, and nothing is started twice.
    if (name === "all-forgotten") expect((await stage.get(name)).status?.result?.text).toBe("here");
    await stage.create(stage.run(`${name}-next`, [{ text: "my turn" }], { agent: name }));
    expect((await stage.ended(`${name}-next`, 120)).status?.phase).toBe("Succeeded");
  });
});

it("after all that the operator is the same process, and no bigger than before by more than 60 MiB", async () => {
  expect(await operatorRestarts()).toBe(before.restarts);
  const nowMiB = await operatorMiB();
  console.log(`the operator's resident memory: ${before.miB.toFixed(0)} MiB before, ${nowMiB.toFixed(0)} MiB after`);
  expect(nowMiB).toBeLessThan(before.miB + 60);
});
