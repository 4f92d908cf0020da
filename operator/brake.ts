/**
 * The brake: at most so many runs active at once, in a namespace and in all. An agent has one active run at most, so
 * agents are counted. All of it is derived from the caches but for reservations: an agent whose Job is about to be made
 * counts from the moment it is told to go ahead, so that passes side by side cannot overshoot. Nothing here is shared
 * between operators: two that act at once can each take the last place.
 */
import { byQueueOrder } from "./decide/queue-order.ts";
import { lineUp } from "./decide/line-up.ts";
import { hasEnded, holdsSlot, isFinished, type AgentKey, type Observed, type Run, type Settings } from "./domain.ts";

type Limits = Pick<Settings, "maxActiveRuns" | "maxActiveRunsPerNamespace">;
type Seen = Pick<Observed, "agent" | "runs" | "jobs" | "pods">;

export class Brake {
  readonly #limits: Limits;
  readonly #isOn: boolean;
  readonly #wake: (agent: AgentKey) => void;
  readonly #active = new Set<AgentKey>();
  readonly #activeIn = new Map<string, number>();
  /** The next run of each agent that was refused, in the order in which they get their places. */
  readonly #line: Run[] = [];
  readonly #waiting = new Map<AgentKey, Run>();

  /** `wake` is called with an agent that was refused and whose turn it now is. */
  constructor(limits: Limits, wake: (agent: AgentKey) => void) {
    this.#limits = limits;
    this.#isOn = limits.maxActiveRuns !== undefined || limits.maxActiveRunsPerNamespace !== undefined;
    this.#wake = wake;
  }

  /** Begins anew, before the first pass, with all that the caches show: what runs, and as far as there is room what was begun. */
  start(all: readonly Seen[]): void {
    if (!this.#isOn) return;
    for (const memory of [this.#active, this.#activeIn, this.#waiting]) memory.clear();
    this.#line.length = 0;
    for (const seen of all) this.#count(seen.agent, holds(seen));
    for (const seen of all) if (this.#hasRoom(namespaceOf(seen.agent)) && isBegun(seen)) this.#count(seen.agent, true);
  }

  /** Before a pass: reserves a place for the agent's next run if it needs one, or says why it has to wait. */
  judge(seen: Seen & Pick<Observed, "settings">): string | undefined {
    if (!this.#isOn) return undefined;
    const { agent } = seen;
    const next = holds(seen) || !seen.settings.admission ? undefined : lineUp(seen.runs).candidate;
    this.#leaveLine(agent);
    if (next === undefined || this.#active.has(agent)) {
      if (next === undefined) this.#settle(seen);
      this.#wakeNext();
      return undefined;
    }
    this.#joinLine(agent, next);
    if (!this.#turns().includes(agent)) return this.#reason(next.namespace);
    this.#leaveLine(agent);
    this.#count(agent, true);
    return undefined;
  }

  /** After a pass that knows what it did: a place that it did not use is free again. */
  settle(seen: Seen): void {
    if (!this.#isOn) return;
    this.#settle(seen);
    this.#wakeNext();
  }

  /** What was let go counts, place or not; what is still gated keeps the place that it has. */
  #settle(seen: Seen): void {
    if (holds(seen)) this.#count(seen.agent, true);
    else if (!isBeingAdmitted(seen)) this.#count(seen.agent, false);
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

  #wakeNext(): void {
    for (const agent of this.#turns()) this.#wake(agent);
  }

  /** Those of the line for whom there is room now. A full namespace holds nobody else up. */
  #turns(): AgentKey[] {
    const { maxActiveRuns = Infinity, maxActiveRunsPerNamespace = Infinity } = this.#limits;
    const turns: AgentKey[] = [];
    const promised = new Map<string, number>();
    for (const { namespace, spec } of this.#line) {
      if (this.#active.size + turns.length >= maxActiveRuns) break;
      const taken = (this.#activeIn.get(namespace) ?? 0) + (promised.get(namespace) ?? 0);
      if (taken >= maxActiveRunsPerNamespace) continue;
      promised.set(namespace, (promised.get(namespace) ?? 0) + 1);
      turns.push(`${namespace}/${spec.agent}`);
    }
    return turns;
  }

  #reason(namespace: string): string {
    const { maxActiveRuns, maxActiveRunsPerNamespace } = this.#limits;
    const isFull = (this.#activeIn.get(namespace) ?? 0) >= (maxActiveRunsPerNamespace ?? Infinity);
    const [name, where, limit] =
      maxActiveRuns === undefined || isFull
        ? ["maxActiveRunsPerNamespace", `in namespace ${namespace}`, maxActiveRunsPerNamespace]
        : ["maxActiveRuns", "in all namespaces", maxActiveRuns];
    return `${name} of the operator's configuration is reached: ${limit ?? 0} active ${where}. The run is admitted when others have ended, by priority and age; raise ${name} to have more at once.`;
  }

  #joinLine(agent: AgentKey, run: Run): void {
    this.#waiting.set(agent, run);
    this.#line.splice(this.#placeOf(run), 0, run);
  }

  #leaveLine(agent: AgentKey): void {
    const run = this.#waiting.get(agent);
    if (run === undefined) return;
    this.#waiting.delete(agent);
    this.#line.splice(this.#placeOf(run), 1);
  }

  /** Where a run stands in the line, or would: by bisection. */
  #placeOf(run: Run): number {
    let [low, high] = [0, this.#line.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const there = this.#line[middle];
      if (there !== undefined && byQueueOrder(there, run) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Whatever runs or may run: a run that was admitted, between its attempts too, and a pod that was let go. */
function holds({ runs, pods }: Seen): boolean {
  return runs.some((run) => holdsSlot(run) && !isFinished(run)) || pods.some((pod) => !pod.gated && !hasEnded(pod));
}

/** The agent's next run has its Job: it asks for the slot, and nothing that was left by others does. */
function isBegun({ runs, jobs }: Seen): boolean {
  const { candidate } = lineUp(runs);
  return jobs.some((job) => job.runUid === candidate?.uid && !job.finished && !job.deleting);
}

/** A Job that can make a pod, or a gated pod. */
function isBeingAdmitted({ runs, jobs, pods }: Seen): boolean {
  const finished = new Set(runs.filter(isFinished).map(({ uid }) => uid));
  const canMake = jobs.some((job) => !job.finished && !job.deleting && !finished.has(job.runUid));
  return canMake || pods.some((pod) => !hasEnded(pod));
}

function namespaceOf(agent: AgentKey): string {
  return agent.slice(0, agent.indexOf("/"));
}
