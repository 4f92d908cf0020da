/** Everything that acts on the cluster beside the operator: users, the Job controller, scheduler, kubelet, collectors. */
import { hasEnded, isFinished, type Job } from "../../operator/domain.ts";
import type { RunReport } from "../../runner/contract.ts";
import type { Random } from "./random.ts";
import type { TruePod, World } from "./world.ts";

export type Act = (world: World, random: Random) => void;

const agents = ["reviewer", "writer"];

function createRun(world: World, random: Random): void {
  const uid = world.newUid();
  world.createRun({
    namespace: "team",
    name: `run-${uid}`,
    uid,
    spec: {
      agent: random.pick(agents) ?? "reviewer",
      priority: random.chance(0.2) ? random.below(3) : 0,
      concurrencyPolicy: random.chance(0.03) ? "Replace" : random.chance(0.05) ? "Forbid" : "Queue",
      suspend: random.chance(0.1),
      cancel: false,
      startDeadlineSeconds: 60,
      disruptionRetries: random.chance(0.4) ? 1 + random.below(3) : 0,
      ...(random.chance(0.1) ? { queueDeadlineSeconds: 30 } : {}),
      ...(random.chance(0.1) ? { clientLeaseName: `client-${random.below(50)}` } : {}),
    },
  });
}

function changeRun(world: World, random: Random): void {
  const run = random.pick([...world.run.values()].filter((each) => !isFinished(each)));
  if (run === undefined) return;
  const spec = random.chance(0.5)
    ? { ...run.spec, cancel: true }
    : random.chance(0.5)
      ? { ...run.spec, suspend: !run.spec.suspend }
      : { ...run.spec, priority: random.below(3) };
  world.put("run", { ...run, spec, generation: run.generation + 1 });
}

/**
 * Somebody edits a status by hand. Not after the finalizer was taken off too: then nothing is left that remembers the pod
 * (docs/decisions.md, "What is not a proof").
 */
function editStatus(world: World, random: Random): void {
  const run = random.pick([...world.run.values()].filter((each) => !isFinished(each)));
  if (run === undefined) return;
  const pod = world.pod.get(run.status.pod?.uid ?? "");
  if (run.status.pod !== undefined && pod?.held !== true && pod?.gated !== true) return;
  const { phase = "Queued", attempt = 1, conditions = [] } = run.status;
  const withoutPod = { phase, attempt, conditions };
  // Who lowers the attempt asks for it again.
  const wiped = attempt > 1 ? { attempt } : {};
  const edits = [withoutPod, { ...run.status, conditions: [] }, { ...run.status, phase: "Queued" as const }, wiped];
  world.put("run", { ...run, status: random.pick(edits) ?? {} });
}

function loseClient(world: World, random: Random): void {
  world.lostLeases.add(`client-${random.below(50)}`);
}

function deleteRun(world: World, random: Random): void {
  const run = random.pick([...world.run.values()].filter((each) => random.chance(0.1) || !isFinished(each)));
  if (run !== undefined) world.deleteRun(run, random.chance(0.3));
}

function deleteJob(world: World, random: Random): void {
  const job = random.pick([...world.job.values()]);
  if (job !== undefined) world.deleteJob(job, random.chance(0.3));
}

function deletePod(world: World, random: Random): void {
  const pod = random.pick([...world.pod.values()]);
  if (pod !== undefined) world.deletePod(pod);
}

/** A drain, a preemption, a taint: the control plane marks the pod and asks the kubelet to end it. */
function disruptPod(world: World, random: Random): void {
  const pod = random.pick([...world.pod.values()].filter((each) => !each.deleting && !hasEnded(each)));
  const reason = random.pick(["EvictionByEvictionAPI", "PreemptionByScheduler", "DeletionByTaintManager"]) ?? "";
  if (pod !== undefined) world.deletePod(pod, { reason });
}

/** The pod's node is deleted: nothing runs there any more, nobody reports, the collector fails the pod. */
function loseNode(world: World, random: Random): void {
  const pod = random.pick([...world.pod.values()].filter((each) => each.node !== undefined && !hasEnded(each)));
  if (pod === undefined) return;
  const disruption = { reason: "DeletionByPodGC" };
  world.settle({ ...pod, deleting: true, phase: "Failed", container: { kind: "unknown" }, disruption });
}

/** A pod with all our marks that no Job controller made: a copy by hand, or a controller's double. */
function duplicatePod(world: World, random: Random): void {
  const job = random.pick([...world.job.values()].filter((each) => !each.finished));
  if (job !== undefined) makePod(world, job);
}

/** Somebody in a hurry takes our finalizer off a pod that has ended. */
function stripFinalizer(world: World, random: Random): void {
  const pod = random.pick([...world.pod.values()].filter((each) => each.held && hasEnded(each)));
  if (pod !== undefined && world.run.get(pod.runUid)?.status.pod?.uid === pod.uid)
    world.settle({ ...pod, held: false });
}

/** Jobs get their pod; a Job whose pod has ended is finished; pods that are over are no longer tracked. */
function jobController(world: World, random: Random): void {
  const job = random.pick([...world.job.values()]);
  if (job === undefined || job.finished) return;
  const mine = [...world.pod.values()].filter((pod) => pod.jobUid === job.uid);
  const ended = mine.filter((pod) => pod.phase === "Succeeded" || pod.phase === "Failed");
  if (mine.length === 0) makePod(world, job);
  else if (ended.length > 0) world.put("job", { ...job, finished: true });
}

function untrack(world: World, random: Random): void {
  const pod = random.pick([...world.pod.values()].filter((each) => each.tracked && hasEnded(each)));
  if (pod !== undefined)
    world.settle({ ...pod, tracked: false, ...(pod.phase === "Pending" ? { phase: "Failed" } : {}) });
}

function makePod(world: World, job: Job): void {
  const uid = world.newUid();
  world.put("pod", {
    namespace: job.namespace,
    name: `${job.name}-${uid}`,
    uid,
    agent: job.agent,
    runName: job.runName,
    runUid: job.runUid,
    attempt: job.attempt,
    jobName: job.name,
    jobUid: job.uid,
    priority: 0,
    createdMs: world.nowMs,
    gated: true,
    held: false,
    deleting: false,
    phase: "Pending",
    container: { kind: "unknown" },
    tracked: true,
    ending: false,
  });
}

function scheduler(world: World, random: Random): void {
  const pod = random.pick(
    [...world.pod.values()].filter((each) => !each.gated && !each.deleting && each.node === undefined),
  );
  if (pod !== undefined) world.put("pod", { ...pod, node: "node-1", scheduled: { done: true } });
}

/** Starts what is bound, ends what must end, and lets what runs come to its own end. */
function kubelet(world: World, random: Random): void {
  const pod = random.pick([...world.pod.values()].filter((each) => each.node !== undefined && !hasEnded(each)));
  if (pod === undefined) return;
  if (pod.container.kind === "unknown" && !pod.ending) {
    world.start(pod);
    return;
  }
  if (random.chance(pod.ending ? 0.1 : 0.03)) endPod(world, pod);
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
    phase: killed ? "Failed" : "Succeeded",
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

/** What users do, with their weights. */
export const users: readonly (readonly [number, Act])[] = [
  [8, createRun],
  [2, changeRun],
  [1, deleteRun],
  [1, deleteJob],
  [1, deletePod],
  [1, duplicatePod],
  [1, stripFinalizer],
  [3.5, disruptPod],
  [0.5, loseNode],
  [0.3, loseClient],
  [0.4, editStatus],
];

/** What the control plane and the node do. */
export const controllers: readonly (readonly [number, Act])[] = [
  [8, jobController],
  [4, untrack],
  [8, scheduler],
  [10, kubelet],
  [3, garbageCollector],
];

export function weighted(acts: readonly (readonly [number, Act])[], random: Random): Act {
  let left = random.next() * acts.reduce((sum, [weight]) => sum + weight, 0);
  for (const [weight, act] of acts) {
    left -= weight;
    if (left < 0) return act;
  }
  throw new Error("no act has a weight");
}
