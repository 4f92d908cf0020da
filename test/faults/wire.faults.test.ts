/**
 * What lies between operator and API server breaks, in each way that networks and API servers have. Meanwhile one run is running
 * and another is created: both end, nothing starts twice, the operator neither ends nor asks in a hot loop.
 */
import { setTimeout as wait } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { AnswerProxy, type AnswerFault } from "./answer-proxy.ts";
import { ConnectionProxy, type ConnectionFault } from "./connection-proxy.ts";
import { isLong, report } from "./form.ts";
import { violationsOf } from "./violations.ts";
import { apiServer, startOperator } from "./operator.ts";
import type { Replica } from "./replicas.ts";
import { allEnd, started } from "./round.ts";
import { Scene } from "./scene.ts";

const faultSeconds = isLong ? 30 : 6;

interface Wire<Fault> {
  break(fault: Fault): void;
  heal(): void;
}

/** Plays each fault for a while, with a run that runs and one that comes; `count` is what the proxy has counted so far. */
async function play<Fault extends string | number>(
  story: { scene: Scene; operator: Replica; wire: Wire<Fault>; count: () => number },
  faults: readonly Fault[],
): Promise<void> {
  const { scene, operator, wire, count } = story;
  for (const [index, fault] of faults.entries()) {
    await scene.create({ name: `before-${index}`, agent: "one", lastsSeconds: 3 });
    await started(scene, `before-${index}`);
    const before = count();
    wire.break(fault);
    await scene.create({ name: `during-${index}`, agent: "one", lastsSeconds: 1 });
    await scene.create({ name: `beside-${index}`, agent: "two", lastsSeconds: 1 });
    await wait(faultSeconds * 1_000);
    const asked = count() - before;
    wire.heal();
    const healedMs = Date.now();
    await allEnd(scene);
    report(`${fault} for ${faultSeconds} s`, {
      asked,
      "all ended after": `${((Date.now() - healedMs) / 1000).toFixed(1)} s`,
    });
    expect(asked, `asked the API server during ${fault}`).toBeLessThanOrEqual(askedAtMost);
    expect(operator.crashes).toBe(0);
  }
  expect(violationsOf(scene.trace())).toEqual([]);
  const phases = scene.recorder.now("run").map(({ status }) => status.phase);
  expect(phases).toEqual(phases.map(() => "Succeeded"));
}

/** Three watches and two agents, each with a backoff that doubles: far less than a hot loop would ask. */
const askedAtMost = 20 * faultSeconds;

describe.concurrent("the operator comes through", () => {
  const connections: readonly (readonly ConnectionFault[])[] = [["reset", "hang"], ["halfOpen"]];
  it.each(connections.map((faults) => ({ faults })))(
    "connections: $faults",
    { timeout: 600_000 },
    async ({ faults }) => {
      const scene = await Scene.open("wire");
      const wire = await ConnectionProxy.open(await apiServer());
      const operator = await startOperator(scene, { server: wire.url });
      try {
        await play({ scene, operator, wire, count: () => wire.opened }, faults);
      } finally {
        await operator.end();
        wire.close();
        await scene.close();
      }
    },
  );

  const answers: readonly (readonly AnswerFault[])[] = [
    [429, 500, 503],
    ["hang", "truncated", "gone"],
  ];
  it.each(answers.map((faults) => ({ faults })))("answers: $faults", { timeout: 600_000 }, async ({ faults }) => {
    const scene = await Scene.open("wire");
    const wire = await AnswerProxy.open();
    const operator = await startOperator(scene, { server: wire.url });
    try {
      await play({ scene, operator, wire, count: () => wire.requests }, faults);
    } finally {
      await operator.end();
      wire.close();
      await scene.close();
    }
  });
});
