/**
 * Ends of a container that claude had no part in: the runtime loses it, or the kubelet evicts it for a limit of its own.
 * The first is a disruption that another attempt continues; the second would happen again.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { kubectl } from "../cluster/kubectl.ts";
import { Stage, verdict } from "./stage.ts";
import { claimName, openWorkspace, type Volume } from "./workspace.ts";

let stage: Stage;
let volume: Volume;
beforeAll(async () => {
  stage = await Stage.open("container-end");
  volume = await openWorkspace(stage);
});
afterAll(async () => {
  await stage.close();
  await volume.close();
});

/** One turn is done; the answer to the second does not come the first time that it is asked for. */
const cutShort = [
  { tool: "Bash", input: { command: "echo once >> turns.txt" } },
  { stall: "headers" as const, times: 1 },
  { text: "went on" },
];
const workspace = { persistentVolumeClaim: { claimName, subPath: "work" } };

async function working(name: string): Promise<void> {
  const { status } = await stage.shows(name, "Running");
  const pod = status?.pod?.name ?? "";
  await stage.until("claude's first turn is over", async () =>
    (await stage.kubectl("logs", pod)).includes('"tool_result"'),
  );
}

/** Kills the containerd shim of the run's pod, as a crash of the runtime or a hard reboot does. */
async function killShim(name: string): Promise<void> {
  const [pod] = await stage.pods(name);
  const uid = pod?.metadata.uid ?? "no pod";
  const killer = `kill-shim-${name}`;
  // cgroup drivers write the uid with dashes or with underscores. One grep for all processes: a busy node has hundreds.
  const script = `
    for group in $(grep -lsE '${uid.replaceAll("-", "[-_]")}' /proc/[0-9]*/cgroup); do
      parent=$(sed -n 's/^PPid:[^0-9]*//p' \${group%cgroup}status)
      tr '\\0' ' ' < /proc/$parent/cmdline 2>/dev/null | grep -q containerd-shim && shim=$parent
    done
    kill -KILL $shim`;
  await kubectl(["create", "-f", "-"], {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: killer, namespace: "default" },
    spec: {
      hostPID: true,
      restartPolicy: "Never",
      containers: [
        {
          name: "sh",
          image: "localhost/claude-run/agent:dev",
          imagePullPolicy: "IfNotPresent",
          command: ["sh", "-c", script],
          securityContext: { runAsUser: 0, privileged: true },
        },
      ],
    },
  });
  await kubectl([
    "wait",
    "-n",
    "default",
    `pod/${killer}`,
    "--for=jsonpath={.status.phase}=Succeeded",
    "--timeout=180s",
  ]);
  await kubectl(["delete", "-n", "default", `pod/${killer}`]);
}

describe.concurrent("the container", () => {
  it("is lost: the run says so, with what it had done", async () => {
    await stage.create(stage.run("lost", cutShort));
    await working("lost");
    await killShim("lost");
    const run = await stage.ended("lost");
    expect(run.status).toMatchObject({
      failure: { reason: "ContainerLost", retryable: true },
      result: { turns: 1, incomplete: true },
    });
    expect(verdict(run).message).toMatch(/lost the container.*set disruptionRetries/u);
  });

  it("is lost: disruptionRetries continue its session", async () => {
    await stage.create(stage.run("continued", cutShort, { workspace, disruptionRetries: 1 }));
    await working("continued");
    const before = await stage.get("continued");
    await killShim("continued");
    const run = await stage.ended("continued");
    expect(run.status).toMatchObject({ phase: "Succeeded", attempt: 2, result: { text: "went on" } });
    expect(run.status?.pod?.name).not.toBe(before.status?.pod?.name);
  });

  it("exceeds its own ephemeral storage: one attempt, and the limit and its field are named", async () => {
    const fill = "head -c 200000000 /dev/zero > filling; sleep 300";
    const resources = { requests: { "ephemeral-storage": "16Mi" }, limits: { "ephemeral-storage": "64Mi" } };
    const spec = { pod: { resources }, disruptionRetries: 2 };
    await stage.create(stage.run("greedy", [{ tool: "Bash", input: { command: fill, timeout: 400_000 } }], spec));
    const run = await stage.ended("greedy", 400);
    expect(run.status).toMatchObject({ attempt: 1, failure: { reason: "LimitExceeded", retryable: false } });
    expect(verdict(run).message).toMatch(/64Mi.*spec\.pod\.resources\.limits\.ephemeral-storage/u);
  });
});
