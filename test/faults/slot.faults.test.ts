/**
 * The slot under torment: two operators, both acting, no election, every step late by up to 2 s, one of them contrary; users and
 * machines do their worst meanwhile. A control without the look must be caught, or the torment would prove nothing.
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
import { judge, oneContainer } from "./judge.ts";
import { apiServer, kubeconfigFor } from "./operator.ts";
import type { ReplicaOptions } from "./replica.ts";
import { Replica, type Outside } from "./replicas.ts";
import { allEnd, createAll, figures, type Round } from "./round.ts";
import { Scene } from "./scene.ts";
import { machines, newTally, users, type Tally } from "./torment.ts";
import { accidents, wires, type Wires } from "./weather.ts";

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
    const options = { ...how, namespace, seed: how.seed * 10 + index, isContrary: how.isContrary && index === 1 };
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

interface Torment extends Round {
  readonly looks: boolean;
  /** Between the operators and the API server: they break, as parts of the cluster do. */
  readonly wires?: Wires | undefined;
  /** When it has shown what it is to show. */
  readonly enough: () => boolean;
}

const tormentSecondsAtMost = 600;

/** Two operators and everybody else at their worst. */
async function torment(scene: Scene, { looks, enough, wires: between, ...round }: Torment): Promise<Tally> {
  const outside = between === undefined ? [] : await outsideIn(between);
  const replicas = replicasOf(scene, { seed: round.seed, maxDelayMs: 2_000, isContrary: true, looks }, outside);
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
    if (between !== undefined) {
      acting.push(wires(between, { ...common, random: new Random(round.seed + 2) }));
      acting.push(accidents({ ...common, random: new Random(round.seed + 3) }));
    }
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

interface Long extends Round {
  readonly tormentSeconds: number;
  /** Containers that start meanwhile, or it goes on. */
  readonly starts: number;
  /** Everything that can break breaks too. */
  readonly weather?: boolean;
}

const rounds: readonly Long[] = isLong
  ? [
      { seed: 11, runs: 120, agents: 6, creationSeconds: 60, tormentSeconds: 180, starts: 20 },
      { seed: 12, runs: 120, agents: 4, creationSeconds: 60, tormentSeconds: 180, starts: 20 },
      { seed: 13, runs: 1_000, agents: 20, creationSeconds: 240, tormentSeconds: 300, starts: 60, weather: true },
    ]
  : [{ seed: 11, runs: 36, agents: 6, creationSeconds: 20, tormentSeconds: 40, starts: 6 }];

it.each(rounds)(
  "two acting operators without an election never overlap: seed $seed, $runs runs for $agents agents",
  { timeout: 3_600_000 },
  async (round) => {
    const scene = await Scene.open("slot");
    const between =
      round.weather === true
        ? { connections: await ConnectionProxy.open(await apiServer()), answers: await AnswerProxy.open() }
        : undefined;
    try {
      const endMs = Date.now() + round.tormentSeconds * 1_000;
      // A torment in which nothing runs proves nothing, however long it takes on a busy machine.
      const enough = (): boolean => Date.now() > endMs && scene.trace().containers.length >= round.starts;
      const tally = await torment(scene, { ...round, looks: true, enough, wires: between });
      const during = scene.trace().containers.length;
      await calm(scene, round);
      report(`slot, seed ${round.seed}`, { ...figures(scene, tally), "started during the torment": during });
      expect(judge(scene.trace())).toEqual([]);
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
    const overlaps = (): number => judge(scene.trace(), [oneContainer]).length;
    const round = { seed: 11, runs: 120, agents: 6, creationSeconds: 30 };
    const tally = await torment(scene, { ...round, looks: false, enough: () => overlaps() > 0 });
    report("control without the look", figures(scene, tally));
    expect(overlaps()).toBeGreaterThan(0);
  } finally {
    await scene.close();
  }
});
