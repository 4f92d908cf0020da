/**
 * The slot under torment: two operators, both acting, no election, every step late by up to 2 s, one of them contrary; users and
 * machines do their worst meanwhile. A control without the look must be caught, or the torment would prove nothing.
 */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { eventually } from "../eventually.ts";
import { Random } from "../simulation/random.ts";
import { isLong, report } from "./form.ts";
import { judge, oneContainer } from "./judge.ts";
import type { ReplicaOptions } from "./replica.ts";
import { Replica } from "./replicas.ts";
import { allEnd, createAll, figures, type Round } from "./round.ts";
import { Scene } from "./scene.ts";
import { machines, newTally, users, type Tally } from "./torment.ts";

const logs = mkdtempSync(join(tmpdir(), "claude-run-faults-"));

/** The first is ordinary but late, the second contrary too if asked for. */
function replicasOf(scene: Scene, how: Omit<ReplicaOptions, "namespace">): Replica[] {
  return [0, 1].map((index) => {
    const { namespace } = scene;
    const options = { ...how, namespace, seed: how.seed * 10 + index, isContrary: how.isContrary && index === 1 };
    return Replica.fromSource(options, join(logs, `${namespace}-${index}.log`));
  });
}

interface Torment extends Round {
  readonly looks: boolean;
  /** When it has shown what it is to show. */
  readonly enough: () => boolean;
}

const tormentSecondsAtMost = 600;

/** Two operators and everybody else at their worst. */
async function torment(scene: Scene, { looks, enough, ...round }: Torment): Promise<Tally> {
  const replicas = replicasOf(scene, { seed: round.seed, maxDelayMs: 2_000, isContrary: true, looks });
  const ending = new AbortController();
  const tally = newTally();
  const common = { signal: ending.signal, tally };
  try {
    for (const replica of replicas) replica.start();
    const acting = [
      createAll(scene, round),
      users(scene, { ...common, random: new Random(round.seed) }),
      machines(() => replicas, { ...common, random: new Random(round.seed + 1) }),
    ];
    await eventually("the torment has shown enough", enough, tormentSecondsAtMost * 1_000);
    ending.abort();
    await Promise.all(acting);
    expect(replicas.map(({ crashes }) => crashes)).toEqual([0, 0]);
    return tally;
  } finally {
    ending.abort();
    await Promise.all(replicas.map((replica) => replica.end()));
  }
}

/** Two ordinary operators bring to its end what the torment left. */
async function calm(scene: Scene, round: Round): Promise<void> {
  const replicas = replicasOf(scene, { seed: round.seed + 5, maxDelayMs: 0, isContrary: false, looks: true });
  try {
    for (const replica of replicas) replica.start();
    await allEnd(scene, 120 + 3 * round.runs);
    expect(replicas.map(({ crashes }) => crashes)).toEqual([0, 0]);
  } finally {
    await Promise.all(replicas.map((replica) => replica.end("SIGTERM")));
  }
}

const rounds: readonly (Round & { readonly tormentSeconds: number; readonly starts: number })[] = isLong
  ? [
      { seed: 11, runs: 120, agents: 6, creationSeconds: 60, tormentSeconds: 180, starts: 20 },
      { seed: 12, runs: 120, agents: 4, creationSeconds: 60, tormentSeconds: 180, starts: 20 },
      { seed: 13, runs: 1_000, agents: 20, creationSeconds: 240, tormentSeconds: 300, starts: 60 },
    ]
  : [{ seed: 11, runs: 36, agents: 6, creationSeconds: 20, tormentSeconds: 40, starts: 6 }];

it.each(rounds)(
  "two acting operators without an election never overlap: seed $seed, $runs runs for $agents agents",
  { timeout: 3_600_000 },
  async (round) => {
    const scene = await Scene.open("slot");
    try {
      const endMs = Date.now() + round.tormentSeconds * 1_000;
      // A torment in which nothing runs proves nothing, however long it takes on a busy machine.
      const enough = (): boolean => Date.now() > endMs && scene.trace().containers.length >= round.starts;
      const tally = await torment(scene, { ...round, looks: true, enough });
      const during = scene.trace().containers.length;
      await calm(scene, round);
      report(`slot, seed ${round.seed}`, { ...figures(scene, tally), "started during the torment": during });
      expect(judge(scene.trace())).toEqual([]);
    } finally {
      await scene.close();
    }
  },
);

it("the same without the look is caught overlapping", { timeout: 600_000 }, async () => {
  const scene = await Scene.open("control");
  try {
    const overlaps = (): number => judge(scene.trace(), [oneContainer]).length;
    const round = { seed: 11, runs: 120, agents: 6, creationSeconds: 30 };
    const tally = await torment(scene, { ...round, looks: false, enough: () => overlaps() > 0 });
    report("control without the look", figures(scene, tally));
    expect(overlaps()).toBeGreaterThan(0);
  } finally {
    await scene.close();
  }
});
