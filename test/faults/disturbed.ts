/** Puts itself between the operator and its cluster: every step takes its time, and a contrary operator looks at its queue from the other end. */
import { setTimeout as wait } from "node:timers/promises";
import type { Cluster } from "../../operator/cluster.ts";
import { byQueueOrder } from "../../operator/decide/queue-order.ts";
import { isFinished } from "../../crds/finished.ts";
import { isAdmitted } from "../../operator/domain.ts";
import type { Random } from "../simulation/random.ts";

export interface Disturbance {
  readonly random: Random;
  /** Half of the steps wait up to this long, mostly less, before the request leaves, and half before its answer counts. */
  readonly maxDelayMs: number;
  /** Takes the queue from its other end and does not care whether the agent is busy. */
  readonly isReversed: boolean;
  /** False: the look of invariant 1 is taken out, for the control that must be caught. */
  readonly listsPods: boolean;
  /** The process is killed (SIGKILL) the first time it comes to this. */
  readonly diesAt?: Moment | undefined;
}

/** Steps of an ordinary run's life, each a request: the status writes by the phase that they write. */
export const steps = [
  "createJob",
  "listActivePods",
  "updateStatus Pending",
  "ungate",
  "updateStatus Running",
  "updateStatus Succeeded",
  "removeFinalizer",
] as const;

/** Before: nothing was sent. After: it was answered, and nobody here has heard of it. */
export type Moment = `${"before" | "after"} ${(typeof steps)[number]}`;

async function dies(): Promise<never> {
  process.kill(process.pid, "SIGKILL");
  return new Promise(() => undefined);
}

/** The same cluster, disturbed. */
export function disturbed(cluster: Cluster, how: Disturbance): Cluster {
  const { random, maxDelayMs, isReversed, listsPods, diesAt } = how;
  async function late<T>(name: string, step: () => Promise<T>): Promise<T> {
    await delay();
    if (diesAt === `before ${name}`) await dies();
    const result = await step();
    if (diesAt === `after ${name}`) await dies();
    await delay();
    return result;
  }
  async function delay(): Promise<void> {
    if (random.chance(0.5)) await wait(maxDelayMs * random.next() ** 2);
  }
  return {
    observe(agent) {
      const observed = cluster.observe(agent);
      return isReversed ? half(observed, random.chance(0.5)) : observed;
    },
    lostClients: (agent, runs) => cluster.lostClients(agent, runs),
    listActivePods: (pod) => late("listActivePods", async () => (listsPods ? cluster.listActivePods(pod) : [])),
    prepareConfigMaps: (pod) => late("prepareConfigMaps", () => cluster.prepareConfigMaps(pod)),
    createJob: (run, attempt) => late("createJob", () => cluster.createJob(run, attempt)),
    updateStatus: (run, status) =>
      late(`updateStatus ${status.phase ?? ""}`, async () => {
        // Two operators that disagree about the order would overwrite each other's positions for ever.
        if (!isReversed || status.phase !== "Queued") await cluster.updateStatus(run, status);
      }),
    markLogsUnavailable: (run) => late("markLogsUnavailable", () => cluster.markLogsUnavailable(run)),
    ungate: (pod) => late("ungate", () => cluster.ungate(pod)),
    removeFinalizer: (pod) => late("removeFinalizer", () => cluster.removeFinalizer(pod)),
    endSidecars: (pod) => late("endSidecars", () => cluster.endSidecars(pod)),
    stop: (pod, stop) => late("stop", () => cluster.stop(pod, stop)),
    delete: (thing, options) => late("delete", () => cluster.delete(thing, options)),
    recordEvent: (run, event) => {
      cluster.recordEvent(run, event);
    },
    latestWarning: (thing) => late("latestWarning", () => cluster.latestWarning(thing)),
    ensureConfigMap: (pod, role) => late("ensureConfigMap", () => cluster.ensureConfigMap(pod, role)),
    restoreLabels: (pod) => late("restoreLabels", () => cluster.restoreLabels(pod)),
    restoreAdmittedPod: (run, pod) => late("restoreAdmittedPod", () => cluster.restoreAdmittedPod(run, pod)),
    confirmExists: (kind, id) => late("confirmExists", () => cluster.confirmExists(kind, id)),
  };
}

type Observed = ReturnType<Cluster["observe"]>;

/**
 * What a contrary operator looks at in a pass: either the end of the queue as if nothing else existed, or all runs that do
 * not wait. Never both, so that neither a busy agent nor its own choice keeps it from making the last run's pod.
 */
function half({ runs, jobs, pods, leftPods = [] }: Observed, isQueue: boolean): Observed {
  const waiting = runs.filter(
    (run) => !isAdmitted(run) && !isFinished(run) && !run.isDeleting && !run.spec.cancel && !run.spec.suspend,
  );
  const last = waiting.toSorted(byQueueOrder).at(-1);
  const shown = isQueue ? runs.filter((run) => run === last) : runs.filter((run) => !waiting.includes(run));
  const hidden = new Set(runs.filter((run) => !shown.includes(run)).map(({ uid }) => uid));
  const isShown = ({ runUid }: { readonly runUid: string }): boolean => !hidden.has(runUid);
  return { runs: shown, jobs: jobs.filter(isShown), pods: pods.filter(isShown), leftPods };
}
