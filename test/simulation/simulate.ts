/** One seeded schedule: faults, then calm until everything has ended; throws Broken if an invariant did not hold. */
import { setImmediate as settled } from "node:timers/promises";
import { isFinished } from "../../crds/finished.ts";
import { agentKey, isTerminal, type AgentKey } from "../../operator/domain.ts";
import { weighted } from "./acts.ts";
import { controllers, kubelet } from "./control-plane.ts";
import { Random } from "./random.ts";
import { Replica, type Faults } from "./replica.ts";
import { users, usersWithoutLimit } from "./users.ts";
import { Broken } from "./objects.ts";
import { World } from "./world.ts";

export interface Options {
  readonly steps: number;
  readonly replicas: number;
  /** False: without the list of invariant 1; the simulation must then find an overlap. */
  readonly listsPods?: boolean;
  /** The operator's limit; with one replica it must hold. */
  readonly maxActiveRuns?: number;
}

export interface Account {
  readonly accepted: number;
  readonly started: number;
  /** Of them second and later attempts. */
  readonly retried: number;
  readonly ended: number;
  /** Of them while other containers of their pod ran. */
  readonly early: number;
  /** How often the API server was away. */
  readonly outages: number;
  /** How often an operator met a gated pod of another version. */
  readonly outdated: number;
}

const maxCalmRounds = 400;
const awayMs = 90_000;

/** Plays the schedule of a seed. A broken invariant is told with the rules that decided last. */
export async function simulate(seed: number, options: Options): Promise<Account> {
  const world = new World(options.replicas === 1 ? options.maxActiveRuns : undefined);
  try {
    return await play(world, seed, options);
  } catch (error) {
    if (!(error instanceof Broken)) throw error;
    const last = world.decided.slice(-20).map((each) => JSON.stringify(each));
    throw new Broken(`${error.message}\nthe last rules that decided:\n${last.join("\n")}`, { cause: error });
  }
}

async function play(
  world: World,
  seed: number,
  { steps, replicas: count, listsPods = true, ...limits }: Options,
): Promise<Account> {
  const random = new Random(seed);
  const faults: Faults = { failure: 0.05, listsPods, ...limits };
  const replicas = Array.from(
    { length: count },
    (_, index) => new Replica(world, { random, faults, isReversed: index === 1 && seed % 3 === 0 }),
  );
  for (let step = 0; step < steps; step += 1) {
    world.nowMs += random.below(500);
    injectFaults(world, random, replicas);
    await settled();
    failIfBroken(replicas);
  }
  faults.failure = 0;
  await calm(world, random, replicas);
  return {
    accepted: world.accepted.size,
    started: world.starts,
    retried: world.retries,
    ended: world.ends.size,
    early: world.early,
    outages: world.outages,
    outdated: world.outdated,
  };
}

function injectFaults(world: World, random: Random, replicas: readonly Replica[]): void {
  const dice = random.next();
  const replica = random.pick(replicas.filter(({ frozen }) => !frozen));
  if (dice < 0.05) weighted(world.hasLimit ? users : usersWithoutLimit, random)(world, random);
  else if (dice < 0.35) weighted(controllers, random)(world, random);
  else if (dice < 0.36) freezeOrThaw(replicas, random);
  else if (dice < 0.363) restart(world, replica);
  else if (dice < 0.3633) upgrade(world, replica);
  else if (dice < 0.3638) apiServerAway(world, random, replicas);
  else if (dice < 0.5) replica?.hear(1 + random.below(random.chance(0.5) ? 3 : 60));
  else if (dice < 0.65) replica?.work(random.pick(agentsOf(world)) ?? agentKey("team", "reviewer"));
  else if (replica !== undefined) letOn(replica, random);
}

function restart(world: World, replica: Replica | undefined): void {
  if (isSeen(world)) replica?.restart();
}

function upgrade(world: World, replica: Replica | undefined): void {
  if (isSeen(world)) replica?.upgrade();
}

/** A pod whose label went is known to the processes that saw it (docs/decisions.md 82): none of them ends meanwhile. */
function isSeen(world: World): boolean {
  return ![...world.pod.values()].some(({ isUnlabelled }) => isUnlabelled === true);
}

/** Mostly awake: a frozen one is thawed four times as soon as an awake one freezes. */
function freezeOrThaw(replicas: readonly Replica[], random: Random): void {
  const replica = random.pick(replicas);
  if (replica !== undefined) replica.frozen = !replica.frozen && random.chance(0.25);
}

/**
 * For 90 s the API server answers nothing and no watch brings anything. Containers start and end meanwhile; the kubelet
 * reports it afterwards. A frozen replica does not notice: its requests arrive when it is thawed.
 */
function apiServerAway(world: World, random: Random, replicas: readonly Replica[]): void {
  world.outages += 1;
  for (let act = 0; act < 20; act += 1) kubelet(world, random);
  world.nowMs += awayMs;
  for (const replica of replicas) if (!replica.frozen) replica.endOutage();
}

function letOn(replica: Replica, random: Random): void {
  const index = random.below(replica.waiting.length);
  replica.waiting.splice(index, 1)[0]?.();
}

/** No more faults and no more users: invariant 3 says that everything accepted now comes to its end. */
async function calm(world: World, random: Random, replicas: readonly Replica[]): Promise<void> {
  for (const run of world.run.values())
    if (run.spec.suspend) world.put("run", { ...run, spec: { ...run.spec, suspend: false } });
  const newest = Math.max(...replicas.map(({ version }) => version));
  for (const replica of replicas) {
    replica.frozen = false;
    // Two versions at once would take back each other's gated pods for ever.
    replica.version = newest;
  }
  for (let round = 0; round < maxCalmRounds; round += 1) {
    world.nowMs += 2_000;
    for (const replica of replicas) {
      replica.hear(Infinity);
      for (const agent of agentsOf(world)) replica.work(agent);
    }
    for (let turn = 0; turn < 30; turn += 1) {
      for (const replica of replicas) while (replica.waiting.length > 0) letOn(replica, random);
      await settled();
    }
    for (let act = 0; act < 40; act += 1) weighted(controllers, random)(world, random);
    failIfBroken(replicas);
    if (isQuiet(world)) return silent(world, replicas);
  }
  throw new Broken(`invariant 3: not everything came to an end: ${unfinished(world)}`);
}

/** Invariant 7: when all is said (a last leftover may still be swept), a pass writes nothing. */
async function silent(world: World, replicas: readonly Replica[]): Promise<void> {
  for (let pass = 0; pass < 5; pass += 1) {
    const said = world.log.length;
    for (const replica of replicas) {
      replica.hear(Infinity);
      for (const agent of agentsOf(world)) replica.work(agent);
    }
    for (let turn = 0; turn < 30; turn += 1) {
      for (const { waiting } of replicas) for (const letOn of waiting.splice(0)) letOn();
      await settled();
    }
    if (world.log.length === said) return;
  }
  throw new Broken(`invariant 7: pass after pass over ended runs wrote, the last ${JSON.stringify(world.log.at(-1))}`);
}

function isQuiet(world: World): boolean {
  const pods = [...world.pod.values()];
  return (
    [...world.run.values()].every(isFinished) &&
    pods.every(
      (pod) =>
        pod.isForeign === true ||
        (!pod.hasFinalizer && (!pod.isGated || pod.isDeleting) && (pod.isGated || isTerminal(pod))),
    )
  );
}

function unfinished(world: World): string {
  const runs = [...world.run.values()]
    .filter((run) => !isFinished(run))
    .map((run) => `${run.name} ${JSON.stringify(run.status.conditions?.at(1))}`);
  const pods = [...world.pod.values()]
    .filter((pod) => pod.hasFinalizer || pod.isGated)
    .map((pod) => JSON.stringify(pod));
  const jobs = [...world.job.values()].map((job) => JSON.stringify(job));
  return [...runs, ...pods, ...jobs].join("\n");
}

function agentsOf(world: World): AgentKey[] {
  return [...world.agents];
}

function failIfBroken(replicas: readonly Replica[]): void {
  for (const { broken } of replicas) if (broken !== undefined) throw broken as Error;
}
