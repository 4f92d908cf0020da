/** The Job controller, scheduler, kubelet and garbage collector. */
import { isTerminal, type Job } from "../../operator/domain.ts";
import type { RunReport } from "../../runner/contract.ts";
import type { Act } from "./acts.ts";
import type { Random } from "./random.ts";
import type { TruePod } from "./objects.ts";
import type { World } from "./world.ts";

/** Jobs get their pod; a Job whose pod has ended is finished; pods that are over are no longer tracked. */
function jobController(world: World, random: Random): void {
  const job = random.pick([...world.job.values()]);
  if (job === undefined || job.isFinished) return;
  const mine = [...world.pod.values()].filter((pod) => pod.jobUid === job.uid);
  const ended = mine.filter((pod) => pod.phase === "Succeeded" || pod.phase === "Failed");
  if (job.suspended !== undefined) for (const pod of mine) if (!isTerminal(pod)) world.deletePod(pod);
  if (mine.length === 0 && job.suspended === undefined) makePod(world, random, job);
  else if (ended.length > 0) world.put("job", { ...job, isFinished: true });
}

function untrack(world: World, random: Random): void {
  const pod = random.pick([...world.pod.values()].filter((each) => each.tracked && isTerminal(each)));
  if (pod !== undefined)
    world.settle({ ...pod, tracked: false, ...(pod.phase === "Pending" ? { phase: "Failed" } : {}) });
}

/** The gated pod of a Job. */
export function makePod(world: World, random: Random, job: Job): void {
  const uid = world.newUid();
  world.put("pod", {
    kind: "pod",
    namespace: job.namespace,
    name: `${job.name}-${uid}`,
    uid,
    agent: job.agent,
    runName: job.runName,
    runUid: job.runUid,
    attempt: job.attempt,
    jobName: job.name,
    jobUid: job.uid,
    runDigests: world.demands.get(job.uid) ?? "",
    priority: 0,
    createdMs: world.nowMs,
    isGated: true,
    hasFinalizer: false,
    isDeleting: false,
    phase: "Pending",
    container: { kind: "unknown" },
    tracked: true,
    ending: false,
    hasSidecar: random.chance(0.3),
  });
}

function scheduler(world: World, random: Random): void {
  const pod = random.pick(
    [...world.pod.values()].filter((each) => !each.isGated && !each.isDeleting && each.node === undefined),
  );
  if (pod !== undefined) world.put("pod", { ...pod, node: "node-1", scheduled: { done: true } });
}

/** Starts what is bound, ends what must end, and lets what runs come to its own end. */
export function kubelet(world: World, random: Random): void {
  const pod = random.pick(
    [...world.pod.values()].filter((each) => each.node !== undefined && !each.isGated && !isTerminal(each)),
  );
  if (pod === undefined) return;
  if (pod.container.kind === "unknown" && !pod.ending) {
    world.start(pod);
    return;
  }
  if (pod.container.kind === "terminated") {
    // A container that a webhook added outlives claude: most end only when the kubelet stops them.
    if (random.chance(pod.ending ? 0.1 : 0.003)) endSidecar(world, pod);
    return;
  }
  if (random.chance(pod.ending ? 0.1 : 0.03)) endPod(world, pod);
}

function endSidecar(world: World, { openContainers, ...pod }: TruePod): void {
  if (openContainers === undefined) return;
  const isKilled = pod.ending || (pod.container.kind === "terminated" && pod.container.exitCode !== 0);
  const reason = pod.ending && !pod.isDeleting ? { reason: "DeadlineExceeded" } : {};
  world.settle({ ...pod, ...reason, hasSidecar: false, phase: isKilled ? "Failed" : "Succeeded" });
}

function endPod(world: World, pod: TruePod): void {
  if (pod.container.kind !== "running") {
    world.settle({ ...pod, phase: "Failed" });
    return;
  }
  const killed = pod.ending;
  const report: RunReport = {
    v: 1,
    complete: true,
    reason: killed ? "NoResult" : "Completed",
    result: { turns: 1, exitCode: killed ? 143 : 0 },
    log: { lines: 1, bytes: 1, sha256: "0".repeat(64) },
    ...(killed ? { stop: { cause: "Signal" as const, time: new Date(world.nowMs).toISOString() } } : {}),
  };
  world.reported(pod);
  world.settle({
    ...pod,
    ...(pod.hasSidecar ? { openContainers: ["proxy"] } : { phase: killed ? "Failed" : "Succeeded" }),
    container: {
      kind: "terminated",
      exitCode: killed ? 143 : 0,
      message: JSON.stringify(report),
      startedMs: world.nowMs,
      finishedMs: world.nowMs,
    },
  });
}

/** Jobs of runs that are gone go too. */
function garbageCollector(world: World, random: Random): void {
  const job = random.pick(
    [...world.job.values()].filter((each) => !world.run.has(each.runUid) && !world.orphans.has(each.uid)),
  );
  if (job !== undefined) world.deleteJob(job, false);
}

/** What the control plane and the node do. */
export const controllers: readonly (readonly [number, Act])[] = [
  [8, jobController],
  [4, untrack],
  [8, scheduler],
  [10, kubelet],
  [3, garbageCollector],
];
