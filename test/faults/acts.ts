/** What users with the role edit can do to the objects of a run where no admission policy is bound, by a seed. */
import { annotations, finalizer, labels, schedulingGate } from "../../crds/names.ts";
import { containerName } from "../../operator/names.ts";
import { agentImage } from "../install.ts";
import type { Random } from "../simulation/random.ts";
import { isOver } from "./violations.ts";
import type { Scene } from "./scene.ts";
import { did, pause, type Tally, type Chaos } from "./chaos.ts";
import type { SeenPod } from "./trace.ts";

type Act = (scene: Scene, how: Chaos) => Promise<void>;

/** One act about every second and a half, until the signal, in turns. */
export async function acts(scene: Scene, how: Chaos): Promise<void> {
  const all: readonly Act[] = [takeRunUidOff, suspendJob, createLookAlike, changeConfigMap];
  for (let turn = 0; !how.signal.aborted; turn += 1) {
    await pause(500 + how.random.below(2_000), how.signal);
    await all[turn % all.length]?.(scene, how);
  }
}

async function takeRunUidOff(scene: Scene, { random, tally }: Chaos): Promise<void> {
  const pod = random.pick(activePods(scene));
  const patch = { metadata: { annotations: { [annotations.runUid]: null } } };
  if (pod !== undefined && (await did(scene, "PATCH", scene.path("pod", pod.name), patch))) tally.marksTakenOff += 1;
}

/** Half of them are resumed after a while: by then the run may have ended. */
async function suspendJob(scene: Scene, { random, signal, tally }: Chaos): Promise<void> {
  const job = random.pick(scene.recorder.now("job").filter(({ finished }) => !finished));
  if (job === undefined) return;
  scene.acts.suspendedJobs.add(job.name);
  const path = scene.path("job", job.name);
  if (!(await did(scene, "PATCH", path, { spec: { suspend: true } }))) return;
  tally.jobSuspends += 1;
  if (!random.chance(0.5)) return;
  await pause(1_000 + random.below(3_000), signal);
  await did(scene, "PATCH", path, { spec: { suspend: false } });
}

/** A copy of all that marks a run's pod, except its owner and what only the operator that ungates a pod can know: its uid. */
async function createLookAlike(scene: Scene, { random, tally }: Chaos): Promise<void> {
  const pod = random.pick(activePods(scene));
  if (pod === undefined) return;
  const name = `${pod.name.replace(/-[a-z0-9]+$/u, "")}-${random.below(2 ** 31).toString(36)}`;
  scene.acts.lookAlikes.add(name);
  if (await did(scene, "POST", scene.path("pod"), lookAlike(name, pod, random))) tally.lookAlikes += 1;
}

function lookAlike(name: string, pod: SeenPod, random: Random): object {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      labels: {
        "app.kubernetes.io/managed-by": "clauderun-operator",
        [labels.agent]: pod.agent,
        [labels.run]: pod.name.replace(/-[0-9a-f]{8}-\d+-[a-z0-9]+$/u, ""),
      },
      annotations: { [annotations.runUid]: pod.runUid, [annotations.attempt]: pod.attempt },
      finalizers: [finalizer],
    },
    spec: {
      restartPolicy: "Never",
      terminationGracePeriodSeconds: 0,
      ...(random.chance(0.5) ? { schedulingGates: [{ name: schedulingGate }] } : {}),
      containers: [{ name: containerName, image: agentImage, command: ["sleep", "3600"] }],
    },
  };
}

async function changeConfigMap(scene: Scene, { random, tally }: Chaos): Promise<void> {
  const job = random.pick(scene.recorder.now("job").filter(({ finished }) => !finished));
  if (job === undefined) return;
  scene.acts.changedConfigMaps.add(job.name);
  if (!(await did(scene, "DELETE", scene.path("configMap", job.name), {}))) return;
  tally.configMapChanges += 1;
  const data = { "config.json": "{}", prompt: "Do something else." };
  const other = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: job.name }, data };
  if (random.chance(0.5)) await did(scene, "POST", scene.path("configMap"), other);
}

/** Each act was done at least once. */
export function everyActDone({ marksTakenOff, jobSuspends, lookAlikes, configMapChanges }: Tally): boolean {
  return [marksTakenOff, jobSuspends, lookAlikes, configMapChanges].every((count) => count > 0);
}

function activePods(scene: Scene): SeenPod[] {
  return scene.recorder.now("pod").filter((pod) => !isOver(pod) && !scene.acts.lookAlikes.has(pod.name));
}
