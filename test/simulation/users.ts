/** What users do to runs and to what belongs to them. */
import { isFinished } from "../../crds/finished.ts";
import { isTerminal } from "../../operator/domain.ts";
import type { Act } from "./acts.ts";
import { makePod } from "./control-plane.ts";
import type { Random } from "./random.ts";
import type { World } from "./world.ts";

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
      sidecarGraceSeconds: random.pick([0, 10, 60]) ?? 30,
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
  if (run.status.pod !== undefined && pod?.hasFinalizer !== true && pod?.isGated !== true) return;
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
  const pod = random.pick([...world.pod.values()].filter((each) => !each.isDeleting && !isTerminal(each)));
  const reason = random.pick(["EvictionByEvictionAPI", "PreemptionByScheduler", "DeletionByTaintManager"]) ?? "";
  if (pod !== undefined) world.deletePod(pod, { reason });
}

/** The pod's node is deleted: nothing runs there any more, nobody reports, the collector fails the pod. */
function loseNode(world: World, random: Random): void {
  const pod = random.pick([...world.pod.values()].filter((each) => each.node !== undefined && !isTerminal(each)));
  if (pod === undefined) return;
  const disruption = { reason: "DeletionByPodGC" };
  world.settle({
    ...pod,
    isDeleting: true,
    phase: "Failed",
    container: { kind: "unknown" },
    hasSidecar: false,
    disruption,
  });
}

/** A pod with all our marks that no Job controller made: a copy by hand, or a controller's double. */
function duplicatePod(world: World, random: Random): void {
  const job = random.pick([...world.job.values()].filter((each) => !each.isFinished));
  if (job !== undefined) makePod(world, random, job);
}

/** Kueue, a webhook or a user suspends a Job, or lets it go on. */
function suspendJob(world: World, random: Random): void {
  const job = random.pick([...world.job.values()].filter((each) => !each.isFinished));
  if (job === undefined) return;
  const { suspended, ...resumed } = job;
  if (suspended === undefined) world.put("job", { ...job, suspended: { by: "suspend", sinceMs: world.nowMs } });
  else world.put("job", resumed);
}

/** A user with the right to patch pods removes the operator's annotations. */
function unmarkPod(world: World, random: Random): void {
  const pod = random.pick([...world.pod.values()].filter((each) => !isTerminal(each) && each.isForeign !== true));
  if (pod !== undefined) world.put("pod", { ...pod, isUnmarked: true });
}

/**
 * The same user removes the label by which watches and lists find an agent's pods. Every operator has seen the pod: one that
 * has not cannot know of it (docs/decisions.md 82).
 */
function unlabelPod(world: World, random: Random): void {
  const pods = [...world.pod.values()].filter(
    (each) => !isTerminal(each) && each.isForeign !== true && world.isShown(each),
  );
  // A pod that outlives claude is all that keeps the slot: no status of an unfinished run names it.
  const lingering = pods.filter(({ openContainers }) => openContainers !== undefined);
  const pod = random.pick(lingering.length > 0 && random.chance(0.7) ? lingering : pods);
  if (pod !== undefined) world.put("pod", { ...pod, isUnlabelled: true });
}

/** A user creates a pod with the labels, run-uid, and gate or finalizer of a run's pod. */
function makeLookAlike(world: World, random: Random): void {
  const run = random.pick([...world.run.values()]);
  if (run === undefined) return;
  const uid = world.newUid();
  const isGated = random.chance(0.3);
  world.put("pod", {
    kind: "pod",
    namespace: run.namespace,
    name: `by-hand-${uid}`,
    uid,
    agent: run.spec.agent,
    runName: run.name,
    runUid: run.uid,
    attempt: run.status.attempt ?? 1,
    jobName: "by-hand",
    priority: 9,
    createdMs: world.nowMs - 3_600_000,
    isGated: isGated,
    hasFinalizer: !isGated && random.chance(0.7),
    isDeleting: false,
    node: "node-1",
    phase: isGated ? "Pending" : "Running",
    container: isGated ? { kind: "unknown" } : { kind: "running", startedMs: world.nowMs },
    tracked: false,
    ending: false,
    hasSidecar: false,
    isForeign: true,
  });
}

/** Somebody in a hurry takes our finalizer off a pod that has ended. */
function stripFinalizer(world: World, random: Random): void {
  const pod = random.pick([...world.pod.values()].filter((each) => each.hasFinalizer && isTerminal(each)));
  if (pod !== undefined && world.run.get(pod.runUid)?.status.pod?.uid === pod.uid)
    world.settle({ ...pod, hasFinalizer: false });
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
  [0.7, unmarkPod],
  [0.7, suspendJob],
  [0.3, makeLookAlike],
];

/** The same where maxActiveRuns is not judged: a pod that nothing shows does not count for it. */
export const usersWithoutLimit: typeof users = [...users, [2, unlabelPod]];
