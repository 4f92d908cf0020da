/**
 * Enforces `maxActiveRuns` and `maxActiveRunsPerNamespace`. An agent has at most one active run, so agents are
 * counted. The counts come from the caches, plus reservations: an agent counts before its Job is created, so that
 * parallel reconciles cannot exceed the limit. Replicas share nothing: two that act at the same time can each take
 * the last place.
 *
 * Within a namespace priority and age decide which run is next. Between namespaces they do not, because a tenant can
 * write any priority: namespaces take turns. If k namespaces wait, each gets one of the next k places.
 */
import { byQueueOrder } from "./decide/queue-order.ts";
import { queueOf } from "./decide/queue-snapshot.ts";
import { isFinished } from "../crds/finished.ts";
import { agentKey, isTerminal, holdsSlot, type AgentKey, type Observed, type Run, type Settings } from "./domain.ts";

type Limits = Pick<Settings, "maxActiveRuns" | "maxActiveRunsPerNamespace">;
type AgentView = Pick<Observed, "agent" | "runs" | "jobs" | "pods">;

export class ActiveRunLimiter {
  readonly #limits: Limits;
  readonly #isEnabled: boolean;
  readonly #enqueue: (agent: AgentKey) => void;
  readonly #active = new Set<AgentKey>();
  readonly #activeIn = new Map<string, number>();
  /**
   * Per namespace the waiting runs, one for each agent, in queue order. The namespaces are in the order of their
   * turns.
   */
  readonly #queues = new Map<string, Run[]>();
  readonly #waiting = new Map<AgentKey, Run>();

  /** `enqueue` is called with each waiting agent that may now reserve a place. */
  constructor(limits: Limits, enqueue: (agent: AgentKey) => void) {
    this.#limits = limits;
    this.#isEnabled = limits.maxActiveRuns !== undefined || limits.maxActiveRunsPerNamespace !== undefined;
    this.#enqueue = enqueue;
  }

  /** Counts again from the caches, before the first reconcile: all active agents, then as many started ones as fit. */
  reset(all: readonly AgentView[]): void {
    if (!this.#isEnabled) return;
    for (const state of [this.#active, this.#activeIn, this.#waiting, this.#queues]) state.clear();
    for (const view of all) this.#count(view.agent, isActive(view));
    for (const view of all)
      if (this.#hasRoom(namespaceOf(view.agent)) && isStarted(view)) this.#count(view.agent, true);
  }

  /** Before a reconcile: reserves a place for the agent's next run if it needs one. Returns why the run has to wait. */
  tryReserve(view: AgentView & Pick<Observed, "settings">): string | undefined {
    if (!this.#isEnabled) return undefined;
    const { agent } = view;
    const next = isActive(view) || !view.settings.admission ? undefined : queueOf(view.runs).candidate;
    if (next === undefined || this.#active.has(agent)) {
      this.#removeWaiting(agent);
      if (next === undefined) this.#reconcile(view);
      this.#enqueueEligible();
      return undefined;
    }
    this.#addWaiting(agent, next);
    if (!this.#eligible().includes(agent)) return this.#reason(next.namespace);
    this.#removeWaiting(agent);
    this.#moveToBack(next.namespace);
    this.#count(agent, true);
    return undefined;
  }

  /** After a reconcile whose writes are known: releases a reservation that was not used. */
  release(view: AgentView): void {
    if (!this.#isEnabled) return;
    this.#reconcile(view);
    this.#enqueueEligible();
  }

  /** An ungated pod always counts; a gated pod keeps its reservation. */
  #reconcile(view: AgentView): void {
    if (isActive(view)) this.#count(view.agent, true);
    else if (!isBeingAdmitted(view)) this.#count(view.agent, false);
  }

  #count(agent: AgentKey, isActive: boolean): void {
    if (this.#active.has(agent) === isActive) return;
    const namespace = namespaceOf(agent);
    this.#activeIn.set(namespace, (this.#activeIn.get(namespace) ?? 0) + (isActive ? 1 : -1));
    if (isActive) this.#active.add(agent);
    else this.#active.delete(agent);
  }

  #hasRoom(namespace: string): boolean {
    const { maxActiveRuns = Infinity, maxActiveRunsPerNamespace = Infinity } = this.#limits;
    return this.#active.size < maxActiveRuns && (this.#activeIn.get(namespace) ?? 0) < maxActiveRunsPerNamespace;
  }

  #enqueueEligible(): void {
    for (const agent of this.#eligible()) this.#enqueue(agent);
  }

  /** The waiting agents that fit now; namespaces take turns. A full namespace does not delay others. */
  #eligible(): AgentKey[] {
    const { maxActiveRuns = Infinity, maxActiveRunsPerNamespace = Infinity } = this.#limits;
    const eligible: AgentKey[] = [];
    let round = [...this.#queues].map(([namespace, queue]) => ({
      queue,
      room: maxActiveRunsPerNamespace - (this.#activeIn.get(namespace) ?? 0),
    }));
    for (let nth = 0; round.length > 0; nth += 1) {
      round = round.filter(({ queue, room }) => nth < queue.length && nth < room);
      for (const { queue } of round) {
        if (this.#active.size + eligible.length >= maxActiveRuns) return eligible;
        const run = queue[nth];
        if (run !== undefined) eligible.push(agentOf(run));
      }
    }
    return eligible;
  }

  #reason(namespace: string): string {
    const { maxActiveRuns, maxActiveRunsPerNamespace } = this.#limits;
    const isFull = (this.#activeIn.get(namespace) ?? 0) >= (maxActiveRunsPerNamespace ?? Infinity);
    const [name, where, limit] =
      maxActiveRuns === undefined || isFull
        ? ["maxActiveRunsPerNamespace", `namespace ${namespace}`, maxActiveRunsPerNamespace]
        : ["maxActiveRuns", "all namespaces", maxActiveRuns];
    return `Waiting for capacity: the operator setting ${name} is ${limit ?? 0} (${where}).`;
  }

  /** A namespace that starts to wait has the last turn; one that waits already keeps its turn. */
  #addWaiting(agent: AgentKey, run: Run): void {
    const queue = this.#queues.get(run.namespace) ?? [];
    this.#queues.set(run.namespace, queue);
    const before = this.#waiting.get(agent);
    if (before !== undefined) queue.splice(indexIn(before, queue), 1);
    this.#waiting.set(agent, run);
    queue.splice(indexIn(run, queue), 0, run);
  }

  #removeWaiting(agent: AgentKey): void {
    const run = this.#waiting.get(agent);
    if (run === undefined) return;
    this.#waiting.delete(agent);
    const queue = this.#queues.get(run.namespace) ?? [];
    queue.splice(indexIn(run, queue), 1);
    if (queue.length === 0) this.#queues.delete(run.namespace);
  }

  /** Gives the last turn to a namespace that has just had one. */
  #moveToBack(namespace: string): void {
    const queue = this.#queues.get(namespace);
    if (queue === undefined) return;
    this.#queues.delete(namespace);
    this.#queues.set(namespace, queue);
  }
}

/** The index of a run in a sorted queue, or where to insert it. */
function indexIn(run: Run, queue: readonly Run[]): number {
  let [low, high] = [0, queue.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const other = queue[middle];
    if (other !== undefined && byQueueOrder(other, run) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** True with an admitted run (between attempts too) or an ungated pod that may still run. */
function isActive({ runs, pods }: AgentView): boolean {
  return runs.some((run) => holdsSlot(run) && !isFinished(run)) || pods.some((pod) => !pod.isGated && !isTerminal(pod));
}

/** True if the candidate has its Job, so that its pod asks for the slot. Jobs left by other runs do not count. */
function isStarted({ runs, jobs }: AgentView): boolean {
  const { candidate } = queueOf(runs);
  return jobs.some((job) => job.runUid === candidate?.uid && !job.isFinished && !job.isDeleting);
}

/** True with a Job that can create a pod, or a gated pod. */
function isBeingAdmitted({ runs, jobs, pods }: AgentView): boolean {
  const finished = new Set(runs.filter(isFinished).map(({ uid }) => uid));
  const canCreatePod = jobs.some((job) => !job.isFinished && !job.isDeleting && !finished.has(job.runUid));
  return canCreatePod || pods.some((pod) => !isTerminal(pod));
}

function agentOf({ namespace, spec }: Run): AgentKey {
  return agentKey(namespace, spec.agent);
}

function namespaceOf(agent: AgentKey): string {
  return agent.slice(0, agent.indexOf("/"));
}
