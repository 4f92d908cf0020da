/** What one replica's watches have shown it: late, without pods whose labels were taken off, and not of all that is over. */
import { agentKey, type AgentKey, type Job, type Observed, type Pod, type Run } from "../../operator/domain.ts";
import { LeftPods } from "../../operator/left-pods.ts";
import type { Change, TruePod } from "./objects.ts";

export class ReplicaCache {
  readonly run = new Map<string, Run>();
  readonly job = new Map<string, Job>();
  readonly pod = new Map<string, Pod>();
  readonly left = new LeftPods();
  /** Pods that were asked for by name: they are observed although the cache would drop them. */
  readonly asked = new Set<string>();
  /** So much of the log of changes is applied. */
  position = 0;

  /** Applies the next changes of the log, at most so many. */
  hear(log: readonly Change[], changes: number): void {
    for (const change of log.slice(this.position, this.position + changes)) this.#apply(change);
    this.position = Math.min(log.length, this.position + changes);
  }

  #apply({ kind, uid, object }: Change): void {
    const before = this.pod.get(uid);
    // A watch with a selector says that an object is gone when its label is.
    const isShown = object !== undefined && (object as TruePod).isUnlabelled !== true;
    if (isShown) (this[kind] as Map<string, typeof object>).set(uid, object);
    else this[kind].delete(uid);
    if (kind === "pod") this.left.record({ before, after: this.pod.get(uid) });
  }

  /** A contrary replica picks from the queue's other end: agreement on the order would hide most races. */
  observe(
    agent: AgentKey,
    { isReversed }: { readonly isReversed: boolean },
  ): Pick<Observed, "runs" | "jobs" | "pods" | "leftPods"> {
    const of = <T extends { namespace: string }>(objects: Map<string, T>, name: (object: T) => string): T[] =>
      [...objects.values()].filter((object) => agentKey(object.namespace, name(object)) === agent);
    return {
      runs: of(this.run, (run) => run.spec.agent).map((run) => (isReversed ? reversed(run) : run)),
      jobs: of(this.job, (job) => job.agent),
      // As the real cache: what is over and given back is not kept.
      pods: of(this.pod, (pod) => pod.agent)
        .filter(
          (pod) => pod.hasFinalizer || this.asked.has(pod.uid) || (pod.phase !== "Succeeded" && pod.phase !== "Failed"),
        )
        .map(asMarked),
      leftPods: this.left.ofAgent(agent),
    };
  }

  /** Agents of everything that it holds. */
  get agents(): ReadonlySet<AgentKey> {
    return new Set([this.run, this.job, this.pod].flatMap((objects) => [...objects.values()].map(keyOf)));
  }
}

/** A pod as its annotations show it: whose they were is known only by its Job or by a status. */
export function asMarked(pod: Pod): Pod {
  return (pod as TruePod).isUnmarked === true ? { ...pod, runName: "", runUid: "", attempt: 1 } : pod;
}

function keyOf(object: Run | Job | Pod): AgentKey {
  return agentKey(object.namespace, "spec" in object ? object.spec.agent : object.agent);
}

function reversed(run: Run): Run {
  return { ...run, spec: { ...run.spec, priority: run.createdMs - 1_000_000_000 * run.spec.priority } };
}
