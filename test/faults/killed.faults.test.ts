/** The operator is killed at every step of a run's life, before its request and after the answer. Another one finds its way from there. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { eventually } from "../eventually.ts";
import { steps, type Moment } from "./disturbed.ts";
import { violationsOf } from "./violations.ts";
import type { ReplicaOptions } from "./replica.ts";
import { Replica } from "./replicas.ts";
import { allEnd } from "./round.ts";
import { Scene } from "./scene.ts";

const logs = mkdtempSync(join(tmpdir(), "claude-run-faults-"));
const moments = steps.flatMap((step): Moment[] => [`before ${step}`, `after ${step}`]);

describe.concurrent("the operator is killed", () => {
  it.each(moments)("%s: the run and the one behind it end, each once", { timeout: 600_000 }, async (diesAt) => {
    const scene = await Scene.open("killed-at");
    const ordinary: ReplicaOptions = {
      ...{ namespace: scene.namespace, seed: 31 },
      ...{ maxDelayMs: 0, isReversed: false, listsPods: true },
    };
    const logFile = join(logs, `${scene.namespace}.log`);
    const first = Replica.fromSource({ ...ordinary, diesAt }, { logFile });
    const second = Replica.fromSource(ordinary, { logFile });
    try {
      // A state that passes is not written, and what the parts suffer next door can hide one for seconds.
      const lastsSeconds = diesAt.endsWith("updateStatus Running") ? 20 : 4;
      for (const name of ["first", "behind"]) await scene.create({ name, agent: "one", lastsSeconds });
      first.start();
      await eventually(`it is killed ${diesAt}`, () => first.crashes === 1, 180_000);
      second.start();
      await allEnd(scene);
      expect(second.crashes).toBe(0);
      expect(violationsOf(scene.trace())).toEqual([]);
      expect(scene.trace().containers).toHaveLength(2);
      const phases = scene.recorder.now("run").map(({ status }) => status.phase);
      expect(phases).toEqual(["Succeeded", "Succeeded"]);
    } finally {
      await Promise.all([first.end(), second.end("SIGTERM")]);
      await scene.close();
    }
  });
});
