/** The parts that stories share: racing creates, waiting for the end, the figures. */
import { execFile } from "node:child_process";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { kubectl } from "../cluster/kubectl.ts";
import { eventually } from "../eventually.ts";
import { Random } from "../simulation/random.ts";
import { everyRunEnds, violationsOf, nothingIsLeft, oneContainer, onePod } from "./violations.ts";
import type { NewRun, Scene } from "./scene.ts";
import type { Tally } from "./chaos.ts";

const run = promisify(execFile);
const cluster = fileURLToPath(new URL("../cluster/cluster", import.meta.url));

export interface Round {
  readonly seed: number;
  readonly runs: number;
  readonly agents: number;
  /** Within which they are created, in racing bursts. */
  readonly creationSeconds: number;
  /** Of the runs' names. */
  readonly prefix?: string;
  readonly spec?: NonNullable<NewRun["spec"]>;
}

const bursts = 6;

/** Creates the runs. */
export async function createAll(scene: Scene, round: Round): Promise<void> {
  const { seed, runs, agents, creationSeconds, prefix = "run", spec = {} } = round;
  const random = new Random(seed + 1_000);
  for (let burst = 0; burst < bursts; burst += 1) {
    const from = Math.round((runs * burst) / bursts);
    const to = Math.round((runs * (burst + 1)) / bursts);
    const news = Array.from({ length: to - from }, (_, index) => ({
      name: `${prefix}-${from + index}`,
      agent: `agent-${(from + index) % agents}`,
      lastsSeconds: 1 + random.below(3),
      spec,
    }));
    await Promise.all(news.map((run) => scene.create(run)));
    await wait((creationSeconds * 1_000) / bursts);
  }
}

/** Waits until every run has ended and nothing is left over. */
export async function allEnd(scene: Scene, timeoutSeconds = 180): Promise<void> {
  const left = (): string[] => violationsOf(scene.trace(), [everyRunEnds, nothingIsLeft]).map(({ what }) => what);
  try {
    await eventually(
      () => `all runs end, but ${left().slice(0, 20).join(", ")}`,
      () => left().length === 0,
      timeoutSeconds * 1_000,
    );
  } catch (error) {
    await tellOfPods(scene);
    throw error;
  }
}

/** The pods that nobody gave back, as the API server has them and as the kubelet spoke of them: afterwards both are gone. */
async function tellOfPods(scene: Scene): Promise<void> {
  const held = scene.recorder.now("pod").filter((pod) => pod.held);
  const kubelet = await run(cluster, ["logs", "kubelet"], { maxBuffer: 2 ** 29 }).then(
    ({ stdout }) => stdout.split("\n"),
    (error: unknown) => [String(error)],
  );
  for (const { name, uid } of held.slice(0, 3)) {
    const pod = await kubectl(["-n", scene.namespace, "get", "pod", name, "-o", "yaml"]).catch(String);
    console.error([pod, ...kubelet.filter((line) => line.includes(uid)).slice(-40)].join("\n"));
  }
}

/** Waits until a run has started; it may have ended since. */
export async function started(scene: Scene, name: string): Promise<void> {
  const hasStarted = (): boolean => {
    const phase = scene.recorder.now("run").find((run) => run.name === name)?.status.phase ?? "Queued";
    return phase !== "Queued" && phase !== "Pending";
  };
  await eventually(`${name} starts`, hasStarted, 120_000);
}

/** What a story counts up to. */
export function figures(scene: Scene, tally: Tally): object {
  const trace = scene.trace();
  const phases = scene.recorder.now("run").map(({ status }) => status.phase);
  return {
    accepted: scene.accepted.size,
    "containers started": trace.containers.length,
    succeeded: phases.filter((phase) => phase === "Succeeded").length,
    ...tally,
    "watch events": trace.seen.length,
    "kinds listed again": scene.recorder.relisted,
    "overlapping containers": violationsOf(trace, [oneContainer]).length,
    "overlapping pods": violationsOf(trace, [onePod]).length,
  };
}
