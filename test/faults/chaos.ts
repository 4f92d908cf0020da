/** What users and machines do to the runs and to the operators, by a seed: deletes, cancels, freezes, kills. */
import { setTimeout as wait } from "node:timers/promises";
import type { Random } from "../simulation/random.ts";
import { isOver, isUnfinished } from "./violations.ts";
import type { Replica } from "./replicas.ts";
import type { Scene } from "./scene.ts";

/** How often something was done. */
export interface Tally {
  freezes: number;
  kills: number;
  jobDeletes: number;
  podDeletes: number;
  runDeletes: number;
  cancels: number;
  /** Of the wires between operators and API server, and of parts of the cluster (weather.ts). */
  wireFaults: number;
  accidents: number;
  /** Of users on what belongs to a run (acts.ts). */
  marksTakenOff: number;
  jobSuspends: number;
  lookAlikes: number;
  configMapChanges: number;
}

export interface Chaos {
  readonly random: Random;
  /** Ends it. */
  readonly signal: AbortSignal;
  readonly tally: Tally;
}

const cascades = ["Background", "Foreground", "Orphan"] as const;

export function newTally(): Tally {
  return {
    ...{ freezes: 0, kills: 0, jobDeletes: 0, podDeletes: 0, runDeletes: 0, cancels: 0, wireFaults: 0, accidents: 0 },
    ...{ marksTakenOff: 0, jobSuspends: 0, lookAlikes: 0, configMapChanges: 0 },
  };
}

/** Users: one act about every second, until the signal. */
export async function users(scene: Scene, { random, signal, tally }: Chaos): Promise<void> {
  while (!signal.aborted) {
    await pause(200 + random.below(1_600), signal);
    const dice = random.next();
    if (dice < 0.35) await deleteJob(scene, random, tally);
    else if (dice < 0.7) await deletePod(scene, random, tally);
    else if (dice < 0.82) await deleteRun(scene, random, tally);
    else await cancelRun(scene, random, tally);
  }
}

/**
 * Machines: one of the replicas freezes for 1 to 20 s, mostly briefly, or dies and comes back; which may suffer is asked each
 * time. All are awake at the end.
 */
export async function machines(victims: () => readonly Replica[], { random, signal, tally }: Chaos): Promise<void> {
  const thaws: Promise<void>[] = [];
  while (!signal.aborted) {
    await pause(2_000 + random.below(6_000), signal);
    const replica = random.pick(victims().filter(({ isFrozen }) => !isFrozen));
    if (replica === undefined) continue;
    if (random.chance(0.25)) {
      await replica.end();
      replica.start();
      tally.kills += 1;
    } else {
      replica.freeze();
      tally.freezes += 1;
      thaws.push(pause(1_000 + 19_000 * random.next() ** 3, signal).then(() => replica.thaw()));
    }
  }
  await Promise.all(thaws);
}

async function deleteJob(scene: Scene, random: Random, tally: Tally): Promise<void> {
  const job = random.pick(scene.recorder.now("job").filter(({ finished }) => !finished));
  const propagationPolicy = random.pick(cascades);
  if (job !== undefined && (await did(scene, "DELETE", scene.path("job", job.name), { propagationPolicy })))
    tally.jobDeletes += 1;
}

async function deletePod(scene: Scene, random: Random, tally: Tally): Promise<void> {
  const pod = random.pick(scene.recorder.now("pod").filter((each) => !isOver(each)));
  const force = random.chance(0.5) ? { gracePeriodSeconds: 0 } : {};
  if (pod !== undefined && (await did(scene, "DELETE", scene.path("pod", pod.name), force))) tally.podDeletes += 1;
}

async function deleteRun(scene: Scene, random: Random, tally: Tally): Promise<void> {
  const run = random.pick(scene.recorder.now("run").filter((each) => random.chance(0.1) || isUnfinished(each)));
  if (run === undefined) return;
  // Noted first: the answer may be lost.
  scene.deleted.add(run.uid);
  const propagationPolicy = random.pick(cascades);
  if (await did(scene, "DELETE", scene.path("run", run.name), { propagationPolicy })) tally.runDeletes += 1;
}

async function cancelRun(scene: Scene, random: Random, tally: Tally): Promise<void> {
  const run = random.pick(scene.recorder.now("run").filter(isUnfinished));
  if (run === undefined) return;
  if (await did(scene, "PATCH", scene.path("run", run.name), { spec: { cancel: true } })) tally.cancels += 1;
}

/** What a user wants may be gone already, or the API server away. */
export async function did(
  scene: Scene,
  verb: "DELETE" | "PATCH" | "POST",
  path: string,
  body: object,
): Promise<boolean> {
  return scene.client.request(verb, path, body).then(
    () => true,
    () => false,
  );
}

export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await wait(ms, undefined, { signal }).catch(() => undefined);
}
