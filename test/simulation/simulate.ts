/** One seeded schedule: torment, then calm until everything has ended; throws Broken if an invariant did not hold. */
import { setImmediate as settled } from "node:timers/promises";
import { agentKey, isFinished, type AgentKey } from "../../operator/domain.ts";
import { controllers, users, weighted } from "./nature.ts";
import { Random } from "./random.ts";
import { Replica, type Faults } from "./replica.ts";
import { Broken, World } from "./world.ts";

export interface Options {
  readonly steps: number;
  readonly replicas: number;
  /** False: without the list of invariant 1; the simulation must then find an overlap. */
  readonly looks?: boolean;
  /** The operator's limit; with one replica it must hold. */
  readonly maxActiveRuns?: number;
}

export interface Account {
  readonly accepted: number;
  readonly started: number;
  /** Of them second and later attempts. */
  readonly retried: number;
  readonly ended: number;
}

const maxCalmRounds = 400;

/** Plays the schedule of a seed. */
export async function simulate(
  seed: number,
  { steps, replicas: count, looks = true, ...limits }: Options,
): Promise<Account> {
  const random = new Random(seed);
  const world = new World(count === 1 ? limits.maxActiveRuns : undefined);
  const faults: Faults = { failure: 0.05, looks, ...limits };
  const replicas = Array.from(
    { length: count },
    (_, index) => new Replica(world, { random, faults, isContrary: index === 1 && seed % 3 === 0 }),
  );
  for (let step = 0; step < steps; step += 1) {
    world.nowMs += random.below(500);
    torment(world, random, replicas);
    await settled();
    failIfBroken(replicas);
  }
  faults.failure = 0;
  await calm(world, random, replicas);
  return { accepted: world.accepted.size, started: world.starts, retried: world.retries, ended: world.ends.size };
}

function torment(world: World, random: Random, replicas: readonly Replica[]): void {
  const dice = random.next();
  const replica = random.pick(replicas.filter(({ frozen }) => !frozen));
  if (dice < 0.05) weighted(users, random)(world, random);
  else if (dice < 0.35) weighted(controllers, random)(world, random);
  else if (dice < 0.36) freezeOrThaw(replicas, random);
  else if (dice < 0.363) replica?.restart();
  else if (dice < 0.5) replica?.hear(1 + random.below(random.chance(0.5) ? 3 : 60));
  else if (dice < 0.65) replica?.work(random.pick(agentsOf(world)) ?? agentKey("team", "reviewer"));
  else if (replica !== undefined) letOn(replica, random);
}

/** Mostly awake: a frozen one is thawed four times as soon as an awake one freezes. */
function freezeOrThaw(replicas: readonly Replica[], random: Random): void {
  const replica = random.pick(replicas);
  if (replica !== undefined) replica.frozen = !replica.frozen && random.chance(0.25);
}

function letOn(replica: Replica, random: Random): void {
  const index = random.below(replica.waiting.length);
  replica.waiting.splice(index, 1)[0]?.();
}

/** No more faults and no more users: invariant 3 says that everything accepted now comes to its end. */
async function calm(world: World, random: Random, replicas: readonly Replica[]): Promise<void> {
  for (const run of world.run.values())
    if (run.spec.suspend) world.put("run", { ...run, spec: { ...run.spec, suspend: false } });
  for (const replica of replicas) replica.frozen = false;
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
    pods.every((pod) => !pod.held && (!pod.gated || pod.deleting) && pod.container.kind !== "running")
  );
}

function unfinished(world: World): string {
  const runs = [...world.run.values()]
    .filter((run) => !isFinished(run))
    .map((run) => `${run.name} ${JSON.stringify(run.status.conditions?.at(1))}`);
  const pods = [...world.pod.values()].filter((pod) => pod.held || pod.gated).map((pod) => JSON.stringify(pod));
  const jobs = [...world.job.values()].map((job) => JSON.stringify(job));
  return [...runs, ...pods, ...jobs].join("\n");
}

function agentsOf(world: World): AgentKey[] {
  return [...world.agents];
}

function failIfBroken(replicas: readonly Replica[]): void {
  for (const { broken } of replicas) if (broken !== undefined) throw broken as Error;
}
