/**
 * Two operators with an election: the leader is frozen past its Lease and woken when the other leads, or killed. While none, one or
 * (for a moment) two of them act, nothing overlaps, starts twice or is lost.
 */
import { expect, it } from "vitest";
import { eventually } from "../eventually.ts";
import { Random } from "../simulation/random.ts";
import { isLong, report } from "./form.ts";
import { violationsOf } from "./violations.ts";
import { startTwo } from "./operator.ts";
import type { Replica } from "./replicas.ts";
import { allEnd, createAll, figures, type Round } from "./round.ts";
import { Scene } from "./scene.ts";
import { machines, newTally, users } from "./chaos.ts";

const gained = '"msg":"leading: this replica works"';
const lost = '"msg":"no longer leading: this replica stands by"';

function terms(operator: Replica): string[] {
  return operator.said(gained);
}

/** The one that began to lead last. */
function leaderOf(operators: readonly Replica[]): Replica | undefined {
  const beginning = (operator: Replica): string => /"time":"([^"]*)"/.exec(terms(operator).at(-1) ?? "")?.[1] ?? "";
  return operators
    .filter((each) => beginning(each) !== "")
    .toSorted((a, b) => (beginning(a) < beginning(b) ? 1 : -1))[0];
}

it("a leader that is frozen past its Lease and woken later does no harm; nor does the death of both", async () => {
  const scene = await Scene.open("frozen");
  const operators = await startTwo(scene);
  try {
    await eventually("one leads", () => leaderOf(operators) !== undefined, 60_000);
    const old = leaderOf(operators) ?? operators[0];
    const other = operators.find((each) => each !== old) ?? operators[1];
    await createAll(scene, { seed: 21, runs: 12, agents: 4, creationSeconds: 2 });
    old.freeze();
    await eventually("the other leads", () => terms(other).length > 0, 120_000);
    await createAll(scene, { seed: 22, runs: 12, agents: 4, creationSeconds: 2, prefix: "later" });
    old.thaw();
    await eventually("the woken one stands by", () => old.said(lost).length > 0, 120_000);
    expect(terms(old)).toHaveLength(1);
    await Promise.all(operators.map((operator) => operator.end()));
    await scene.create({ name: "while-none-leads", agent: "agent-0", lastsSeconds: 1 });
    for (const operator of operators) operator.start();
    await allEnd(scene, 300);
    expect(operators.map(({ crashes }) => crashes)).toEqual([0, 0]);
    expect(violationsOf(scene.trace())).toEqual([]);
  } finally {
    await Promise.all(operators.map((operator) => operator.end()));
    await scene.close();
  }
});

const round: Round = isLong
  ? { seed: 23, runs: 1_000, agents: 20, creationSeconds: 300 }
  : { seed: 23, runs: 40, agents: 10, creationSeconds: 40 };

it(`${round.runs} racing creates while the leader is killed and frozen`, { timeout: 3_600_000 }, async () => {
  const scene = await Scene.open("leader");
  const operators = await startTwo(scene);
  const ending = new AbortController();
  const tally = newTally();
  const common = { signal: ending.signal, tally };
  try {
    const leader = (): Replica[] => [leaderOf(operators) ?? operators[0]];
    const acting = [
      createAll(scene, round).then(() => ending.abort()),
      users(scene, { ...common, random: new Random(round.seed) }),
      machines(leader, { ...common, random: new Random(round.seed + 1) }),
    ];
    await Promise.all(acting);
    await allEnd(scene, 180 + 3 * round.runs);
    report("leader killed and frozen", { ...figures(scene, tally), terms: operators.flatMap(terms).length });
    expect(operators.map(({ crashes }) => crashes)).toEqual([0, 0]);
    expect(violationsOf(scene.trace())).toEqual([]);
  } finally {
    ending.abort();
    await Promise.all(operators.map((operator) => operator.end()));
    await scene.close();
  }
});
