/** Operators that are away for a while, or whose clock is wrong. */
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { eventually } from "../eventually.ts";
import { isUnfinished, violationsOf } from "./violations.ts";
import { startOperator, startTwo } from "./operator.ts";
import { allEnd, started } from "./round.ts";
import { Scene } from "./scene.ts";

const shiftedClock = fileURLToPath(new URL("shifted-clock.ts", import.meta.url));

it("runs end, each once, although both operators are killed and stay away for a while", async () => {
  const scene = await Scene.open("killed");
  const operators = await startTwo(scene);
  try {
    await scene.create({ name: "first", agent: "one", lastsSeconds: 3 });
    await scene.create({ name: "second", agent: "one", lastsSeconds: 1 });
    await started(scene, "first");
    await Promise.all(operators.map((operator) => operator.end()));
    await scene.create({ name: "third", agent: "two", lastsSeconds: 1 });
    await eventually(
      "its container ends",
      () => scene.trace().containers.every(({ exitedUs }) => exitedUs !== undefined),
      60_000,
    );
    for (const operator of operators) operator.start();
    await allEnd(scene);
    expect(violationsOf(scene.trace())).toEqual([]);
    expect(scene.trace().containers).toHaveLength(3);
  } finally {
    await Promise.all(operators.map((operator) => operator.end()));
    await scene.close();
  }
});

it.each([300, -300])("deadlines hold although the operator's clock is wrong by %s s", async (shiftSeconds) => {
  const scene = await Scene.open("clock");
  const operator = await startOperator(scene, {
    node: ["--import", shiftedClock],
    env: { CLOCK_SHIFT_SECONDS: String(shiftSeconds) },
  });
  try {
    // It holds the slot until the hurried one has ended, however slow the machine is.
    await scene.create({ name: "first", agent: "one", lastsSeconds: 600 });
    await started(scene, "first");
    await scene.create({ name: "patient", agent: "one", lastsSeconds: 1, spec: { queueDeadlineSeconds: 200 } });
    await scene.create({ name: "hurried", agent: "one", lastsSeconds: 1, spec: { queueDeadlineSeconds: 3 } });
    const isOver = (): boolean => scene.recorder.now("run").some((run) => run.name === "hurried" && !isUnfinished(run));
    await eventually("the hurried run has waited long enough", isOver, 120_000);
    await scene.client.request("PATCH", scene.path("run", "first"), { spec: { cancel: true } });
    await allEnd(scene);
    expect(violationsOf(scene.trace())).toEqual([]);
    const runs = new Map(scene.recorder.now("run").map((run) => [run.name, run.status]));
    expect(runs.get("patient")?.phase).toBe("Succeeded");
    const reason = runs.get("hurried")?.conditions?.find(({ type }) => type === "Succeeded")?.reason;
    expect(reason).toBe("QueueDeadlineExceeded");
    // Whole seconds, and a minute's grace for a busy machine: five minutes they are not.
    const offBy = Math.abs(Date.parse(runs.get("patient")?.completionTime ?? "") - Date.now());
    expect(offBy).toBeLessThan(60_000);
  } finally {
    await operator.end();
    await scene.close();
  }
});
