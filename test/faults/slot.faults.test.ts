/**
 * The slot under chaos: two operators, both acting, no election, every step late by up to 2 s, one of them contrary; users and
 * machines inject faults meanwhile. The judge must catch a control that does not list active pods.
 */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { eventually } from "../eventually.ts";
import { Random } from "../simulation/random.ts";
import { AnswerProxy } from "./answer-proxy.ts";
import { ConnectionProxy } from "./connection-proxy.ts";
import { isLong, report } from "./form.ts";
import { violationsOf, oneContainer } from "./violations.ts";
import { apiServer, kubeconfigFor } from "./operator.ts";
import type { ReplicaOptions } from "./replica.ts";
import { Replica, type Outside } from "./replicas.ts";
import { allEnd, createAll, figures, type Round } from "./round.ts";
import { Scene } from "./scene.ts";
import { acts, everyActDone } from "./acts.ts";
import { machines, newTally, users, type Tally } from "./chaos.ts";
import { accidents, wires, type Wires } from "./environment-faults.ts";

const shiftedClock = fileURLToPath(new URL("shifted-clock.ts", import.meta.url));
const logs = mkdtempSync(join(tmpdir(), "claude-run-faults-"));

/** The first is ordinary but late, the second contrary too if asked for; what is outside them may differ. */
function replicasOf(
  scene: Scene,
  how: Omit<ReplicaOptions, "namespace">,
  outside: readonly Omit<Outside, "logFile">[] = [],
): Replica[] {
  return [0, 1].map((index) => {
    const { namespace } = scene;
    const options = { ...how, namespace, seed: how.seed * 10 + index, isReversed: how.isReversed && index === 1 };
    return Replica.fromSource(options, { ...outside[index], logFile: join(logs, `${namespace}-${index}.log`) });
  });
}

/** Each behind a wire that breaks, and the second five minutes ahead. */
async function outsideIn({ connections, answers }: Wires): Promise<Omit<Outside, "logFile">[]> {
  return [
    { env: { KUBECONFIG: await kubeconfigFor(connections.url) } },
    {
      env: { KUBECONFIG: await kubeconfigFor(answers.url), CLOCK_SHIFT_SECONDS: "300" },
      node: ["--import", shiftedClock],
    },
  ];
}

interface ChaosRound extends Round {
  readonly listsPods: boolean;
  /** Between the operators and the API server: they break, as parts of the cluster do. */
  readonly wires?: Wires | undefined;
  /** Users change what belongs to the runs. */
  readonly acts?: boolean | undefined;
  /** When it has shown what it is to show. */
  readonly enough: (tally: Tally) => boolean;
}

const chaosSecondsAtMost = 600;

/** Two operators, users and machines, all with faults. */
async function chaos(scene: Scene, { listsPods, enough, wires: between, ...round }: ChaosRound): Promise<Tally> {
  const outside = between === undefined ? [] : await outsideIn(between);
  const replicas = replicasOf(scene, { seed: round.seed, maxDelayMs: 2_000, isReversed: true, listsPods }, outside);
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
    if (round.acts === true) acting.push(acts(scene, { ...common, random: new Random(round.seed + 4) }));
    if (between !== undefined) {
      acting.push(wires(between, { ...common, random: new Random(round.seed + 2) }));
      acting.push(accidents({ ...common, random: new Random(round.seed + 3) }));
    }
    await eventually("the faults have shown enough", () => enough(tally), chaosSecondsAtMost * 1_000);
    ending.abort();
    await Promise.all(acting);
    expect(replicas.map(({ crashes }) => crashes)).toEqual([0, 0]);
    return tally;
  } finally {
    ending.abort();
    await Promise.all(replicas.map((replica) => replica.end()));
  }
}

/** Two ordinary operators bring to its end what the faults left. */
async function calm(scene: Scene, round: Round): Promise<void> {
  const replicas = replicasOf(scene, { seed: round.seed + 5, maxDelayMs: 0, isReversed: false, listsPods: true });
  try {
    for (const replica of replicas) replica.start();
    await allEnd(scene, 120 + 3 * round.runs);
    expect(replicas.map(({ crashes }) => crashes)).toEqual([0, 0]);
  } finally {
    await Promise.all(replicas.map((replica) => replica.end("SIGTERM")));
  }
}

interface Long extends Round {
  readonly chaosSeconds: number;
  /** Containers that start meanwhile, or it goes on. */
  readonly starts: number;
  /** Everything that can break breaks too. */
  readonly environmentFaults?: boolean;
  /** Users change what belongs to the runs. */
  readonly acts?: boolean;
}

/** A suspended Job holds its agent for so long. */
const spec = { startDeadlineSeconds: 30 };

const rounds: readonly Long[] = isLong
  ? [
      { seed: 11, runs: 120, agents: 6, creationSeconds: 60, chaosSeconds: 180, starts: 20 },
      { seed: 12, runs: 120, agents: 4, creationSeconds: 60, chaosSeconds: 180, starts: 20 },
      {
        seed: 13,
        runs: 1_000,
        agents: 20,
        creationSeconds: 240,
        chaosSeconds: 300,
        starts: 60,
        environmentFaults: true,
      },
      { seed: 14, runs: 24, agents: 6, creationSeconds: 20, chaosSeconds: 40, starts: 4, acts: true, spec },
      { seed: 15, runs: 120, agents: 6, creationSeconds: 60, chaosSeconds: 180, starts: 20, acts: true, spec },
    ]
  : [{ seed: 11, runs: 36, agents: 6, creationSeconds: 20, chaosSeconds: 40, starts: 6 }];

it.each(rounds)(
  "two acting operators without an election never overlap: seed $seed, $runs runs for $agents agents",
  { timeout: 3_600_000 },
  async (round) => {
    const scene = await Scene.open("slot");
    const between =
      round.environmentFaults === true
        ? { connections: await ConnectionProxy.open(await apiServer()), answers: await AnswerProxy.open() }
        : undefined;
    try {
      const endMs = Date.now() + round.chaosSeconds * 1_000;
      // A round in which nothing runs proves nothing, however long it takes on a busy machine.
      const enough = (tally: Tally): boolean =>
        Date.now() > endMs &&
        scene.trace().containers.length >= round.starts &&
        (round.acts !== true || everyActDone(tally));
      const tally = await chaos(scene, { ...round, listsPods: true, enough, wires: between });
      const during = scene.trace().containers.length;
      await calm(scene, round);
      report(`slot, seed ${round.seed}`, { ...figures(scene, tally), "started during the faults": during });
      expect(violationsOf(scene.trace())).toEqual([]);
    } finally {
      between?.connections.close();
      between?.answers.close();
      await scene.close();
    }
  },
);

it("the same without the look is caught overlapping", { timeout: 600_000 }, async () => {
  const scene = await Scene.open("control");
  try {
    const overlaps = (): number => violationsOf(scene.trace(), [oneContainer]).length;
    const round = { seed: 11, runs: 120, agents: 6, creationSeconds: 30 };
    const tally = await chaos(scene, { ...round, listsPods: false, enough: () => overlaps() > 0 });
    report("control without the look", figures(scene, tally));
    expect(overlaps()).toBeGreaterThan(0);
  } finally {
    await scene.close();
  }
});
