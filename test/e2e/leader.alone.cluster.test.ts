/** Two replicas: when the one that works is stopped, or dies without a word, the other goes on. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { kubectl } from "../cluster/kubectl.ts";
import { eventually } from "../eventually.ts";
import { operatorNamespace, release } from "../install.ts";
import { signal } from "./operator-processes.ts";
import { Stage } from "./stage.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open("leader");
});
afterAll(() => stage.close());

const operator = (...args: string[]): Promise<string> => kubectl(["-n", operatorNamespace, ...args]);
const ready = (): Promise<string> => operator("rollout", "status", `deployment/${release}`, "--timeout=180s");

interface Leader {
  readonly pod: string;
  readonly transitions: number;
}

/** Who holds the Lease; undefined while nobody does. */
async function leader(): Promise<Leader | undefined> {
  const { spec } = JSON.parse(await operator("get", "lease", release, "-o", "json")) as {
    spec: { holderIdentity?: string; leaseTransitions?: number };
  };
  const { holderIdentity: holder = "" } = spec;
  const pod = holder.slice(0, holder.indexOf("_"));
  return pod === "" ? undefined : { pod, transitions: spec.leaseTransitions ?? 0 };
}

/** All replicas are ready and one of them leads: the Lease may still name one that was killed before. */
async function leading(): Promise<Leader> {
  await ready();
  const isThere = async (pod: string): Promise<boolean> =>
    (await operator("get", "pod", pod, "--ignore-not-found", "-o", "name")) !== "";
  return eventually(
    "a replica that is there leads",
    async () => {
      const now = await leader();
      return now !== undefined && (await isThere(now.pod)) && now;
    },
    120_000,
  );
}

async function nextLeader(before: Leader): Promise<Leader> {
  let next: Leader | undefined;
  await stage.until("another replica leads", async () => {
    next = await leader();
    return next !== undefined && next.pod !== before.pod;
  });
  return next ?? before;
}

/** Milliseconds from a moment until the run that was made then held its slot: times of the API server's clock, whole seconds. */
async function admittedAfter(name: string): Promise<number> {
  await stage.until("the run is admitted", async () => (await stage.get(name)).status?.admittedTime !== undefined);
  const { metadata, status } = await stage.get(name);
  return Date.parse(status?.admittedTime ?? "") - Date.parse(metadata.creationTimestamp);
}

it("a leader that is stopped hands over at once", async () => {
  const before = await leading();
  await operator("delete", "pod", before.pod, "--wait=false");
  await stage.create(stage.run("after-term", [{ text: "handed over" }]));
  const next = await nextLeader(before);
  expect(next.transitions).toBe(before.transitions + 1);
  console.error(`after SIGTERM a new run was admitted within ${await admittedAfter("after-term")} ms (whole seconds)`);
  expect((await stage.ended("after-term")).status?.phase).toBe("Succeeded");
});

it("a leader whose node dies is replaced when its Lease has expired", async () => {
  const before = await leading();
  // Frozen first, so that it cannot say a word while its pod is taken away.
  await signal(before.pod, "SIGSTOP");
  await operator("delete", "pod", before.pod, "--force", "--grace-period=0", "--wait=false");
  await stage.create(stage.run("after-kill", [{ text: "taken over" }]));
  await nextLeader(before);
  console.error(
    `after its death a new run was admitted within ${await admittedAfter("after-kill")} ms (whole seconds)`,
  );
  expect((await stage.ended("after-kill")).status?.phase).toBe("Succeeded");
});

it("a leader whose process is killed in its pod has its Lease back when its container is started again", async () => {
  const before = await leading();
  await signal(before.pod, "SIGKILL");
  await stage.create(stage.run("after-crash", [{ text: "back" }]));
  expect((await stage.ended("after-crash")).status?.phase).toBe("Succeeded");
  console.error(`after a crash a new run was admitted within ${await admittedAfter("after-crash")} ms (whole seconds)`);
});
