/** Parts of the cluster are restarted or frozen, with runs that run and runs that come. */
import { expect, it } from "vitest";
import { isLong, report } from "./form.ts";
import { violationsOf } from "./violations.ts";
import { startTwo } from "./operator.ts";
import { allEnd, started } from "./round.ts";
import { Scene } from "./scene.ts";
import { component, frozen } from "./environment-faults.ts";

const accidents: readonly (readonly [what: string, happens: () => Promise<void>])[] = [
  ["the API server is restarted", () => component("restart", "kube-apiserver")],
  ["etcd is restarted", () => component("restart", "etcd")],
  ["the kubelet is restarted", () => component("restart", "kubelet")],
  ["the API server is frozen", () => frozen("kube-apiserver", isLong ? 40 : 5)],
  ["etcd is frozen", () => frozen("etcd", isLong ? 40 : 5)],
  ["the kubelet is frozen", () => frozen("kubelet", isLong ? 60 : 5)],
];

it("runs end, each once, although parts of the cluster are restarted or frozen", { timeout: 1_200_000 }, async () => {
  const scene = await Scene.open("parts");
  const operators = await startTwo(scene);
  try {
    for (const [index, [what, happens]] of accidents.entries()) {
      const agents = ["one", "two"];
      await Promise.all(
        agents.map((agent) => scene.create({ name: `before-${agent}-${index}`, agent, lastsSeconds: 4 })),
      );
      await started(scene, `before-one-${index}`);
      const accident = happens();
      await Promise.all(
        agents.map((agent) => scene.create({ name: `during-${agent}-${index}`, agent, lastsSeconds: 1 })),
      );
      await accident;
      const overMs = Date.now();
      await allEnd(scene);
      report(what, { "all ended after": `${((Date.now() - overMs) / 1_000).toFixed(1)} s` });
    }
    expect(operators.map(({ crashes }) => crashes)).toEqual([0, 0]);
    expect(violationsOf(scene.trace())).toEqual([]);
    const phases = scene.recorder.now("run").map(({ status }) => status.phase);
    expect(phases).toEqual(phases.map(() => "Succeeded"));
  } finally {
    await Promise.all(operators.map((operator) => operator.end()));
    await scene.close();
  }
});
