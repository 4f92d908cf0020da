/**
 * One operator process: the operator's own reconcile over a cache that lags, with every request arriving when the
 * schedule says so, failing before or after it took effect. A frozen replica's requests simply arrive much later.
 */
import type { ClaudeRunStatus } from "../../crds/claude-run.ts";
import { Brake } from "../../operator/brake.ts";
import type { Cluster } from "../../operator/cluster.ts";
import { agentKey, hasEnded, type AgentKey, type Job, type Pod, type Run, type Stop } from "../../operator/domain.ts";
import { ClusterError, ConflictError } from "../../operator/errors.ts";
import { Pace } from "../../operator/pace.ts";
import { Patience } from "../../operator/patience.ts";
import { attemptName } from "../../operator/plan/names.ts";
import { reconcile } from "../../operator/reconcile.ts";
import type { Random } from "./random.ts";
import { Broken, type Change, type World } from "./world.ts";

export interface Faults {
  /** A request fails before it took effect, or after. */
  failure: number;
  /** The look of invariant 1; taken out for the control that must be caught. */
  readonly looks: boolean;
  /** What the operator is configured with; absent: no limit. */
  readonly maxActiveRuns?: number;
}

export class Replica implements Cluster {
  readonly #world: World;
  readonly #random: Random;
  readonly #faults: Faults;
  readonly #patience = new Patience(20_000);
  readonly #pace: Pace;
  #brake: Brake;
  readonly #busy = new Set<AgentKey>();
  readonly #cache = { run: new Map<string, Run>(), job: new Map<string, Job>(), pod: new Map<string, Pod>() };
  /** Pods that were asked for by name: they are observed although the cache would drop them. */
  readonly #asked = new Set<string>();
  #position = 0;
  /** Requests under way; each is let on by the schedule. */
  readonly waiting: (() => void)[] = [];
  /** What a pass threw that was no fault of the API: an invariant, or a bug. */
  broken: unknown;
  frozen = false;

  /** A contrary replica picks from the queue's other end: agreement on the order would hide most races. */
  readonly #isContrary: boolean;

  constructor(world: World, options: { random: Random; faults: Faults; isContrary: boolean }) {
    this.#isContrary = options.isContrary;
    this.#world = world;
    this.#random = options.random;
    this.#faults = options.faults;
    this.#pace = new Pace({ everyMs: 60_000, perSecond: 10, random: () => options.random.next() });
    this.#brake = this.#newBrake();
  }

  #newBrake(): Brake {
    return new Brake(this.#faults, () => undefined);
  }

  get isIdle(): boolean {
    return this.#busy.size === 0;
  }

  /** The watch brings some of what is new. */
  hear(changes: number): void {
    for (const change of this.#world.log.slice(this.#position, this.#position + changes)) this.#apply(change);
    this.#position = Math.min(this.#world.log.length, this.#position + changes);
  }

  /** Begins a pass for an agent, unless one is under way. */
  work(agent: AgentKey): void {
    if (this.#busy.has(agent)) return;
    this.#busy.add(agent);
    const hands = {
      cluster: this,
      patience: this.#patience,
      pace: this.#pace,
      log: { info: () => undefined, error: () => undefined },
      settings: { admission: true },
      brake: this.#brake,
      now: () => this.#world.nowMs,
    };
    reconcile(agent, hands)
      .catch((error: unknown) => {
        if (!(error instanceof ConflictError) && !(error instanceof ClusterError)) this.broken = error;
      })
      .finally(() => this.#busy.delete(agent));
  }

  /** The process dies and comes back: what was under way is lost, the cache is filled anew. */
  restart(): void {
    this.waiting.length = 0;
    this.#busy.clear();
    for (const cache of Object.values(this.#cache)) cache.clear();
    this.#position = 0;
    this.hear(this.#world.log.length);
    this.#brake = this.#newBrake();
    const agents = Object.values(this.#cache).flatMap((cache) => [...cache.values()].map(keyOf));
    this.#brake.start([...new Set(agents)].map((agent) => ({ agent, ...this.observe(agent) })));
  }

  #apply({ kind, uid, object }: Change): void {
    if (object === undefined) this.#cache[kind].delete(uid);
    else (this.#cache[kind] as Map<string, typeof object>).set(uid, object);
  }

  observe(agent: AgentKey): { runs: readonly Run[]; jobs: readonly Job[]; pods: readonly Pod[] } {
    const of = <T extends { namespace: string }>(objects: Map<string, T>, name: (object: T) => string): T[] =>
      [...objects.values()].filter((object) => agentKey(object.namespace, name(object)) === agent);
    return {
      runs: of(this.#cache.run, (run) => run.spec.agent).map((run) => (this.#isContrary ? contrary(run) : run)),
      jobs: of(this.#cache.job, (job) => job.agent),
      // As the real cache: what is over and given back is not kept.
      pods: of(this.#cache.pod, (pod) => pod.agent).filter(
        (pod) => pod.held || this.#asked.has(pod.uid) || (pod.phase !== "Succeeded" && pod.phase !== "Failed"),
      ),
    };
  }

  lostClients(_: AgentKey, runs: readonly Run[]): ReadonlyMap<string, string> {
    const { lostLeases } = this.#world;
    const lost = runs.filter((run) => lostLeases.has(run.spec.clientLeaseName ?? ""));
    return new Map(lost.map((run) => [run.uid, `Lease ${run.spec.clientLeaseName ?? ""} expired`]));
  }

  look(pod: Pod): Promise<readonly Pod[]> {
    return this.#request(() => {
      if (!this.#faults.looks) return [];
      const seen = this.#world.log.findIndex(({ version }) => version === Number(pod.resourceVersion)) + 1;
      const position = seen + this.#random.below(this.#world.log.length - seen + 1);
      return this.#world
        .podsAt(position)
        .filter((each) => each.agent === pod.agent && each.phase !== "Succeeded" && each.phase !== "Failed");
    });
  }

  async make(run: Run, attempt: number): Promise<void> {
    const { uid } = await this.#request(() => {
      // The API server takes a Job whose owner is gone: the garbage collector finds it later.
      const name = attemptName(run, attempt);
      const there = [...this.#world.job.values()].find((job) => job.name === name);
      if (there !== undefined) return there;
      return this.#world.put("job", {
        namespace: run.namespace,
        name,
        uid: this.#world.newUid(),
        agent: run.spec.agent,
        runName: run.name,
        runUid: run.uid,
        attempt,
        createdMs: this.#world.nowMs,
        deleting: false,
        finished: false,
      });
    });
    const job = this.#world.job.get(uid);
    if (job !== undefined) this.#cache.job.set(uid, job);
  }

  record(run: Run, status: ClaudeRunStatus): Promise<void> {
    return this.#request(() => {
      const written = this.#world.writeStatus(run, status);
      this.#cache.run.set(run.uid, written);
    });
  }

  change(pod: Pod, how: "letGo" | "release" | Stop): Promise<void> {
    return this.#request(() => {
      if (how === "letGo") this.#world.letGo(pod);
      else if (how === "release") {
        const now = this.#world.pod.get(pod.uid);
        if (now !== undefined && now.held && !hasEnded(now))
          throw new Broken(`${pod.name} was given back while it may run`);
        this.#world.release(pod);
      } else this.#world.stop(pod, how);
    });
  }

  remove(
    thing: Run | Job | Pod,
    { ifUnchanged }: { readonly ifUnchanged: boolean } = { ifUnchanged: false },
  ): Promise<void> {
    return this.#request(() => {
      this.#world.remove(thing, ifUnchanged);
    });
  }

  markLogsGone(): Promise<void> {
    return this.#request(() => undefined);
  }

  announce(): void {
    // Nothing depends on an Event.
  }

  explain(): Promise<undefined> {
    return this.#request(() => undefined);
  }

  exists(kind: "run" | "job" | "pod", { uid }: { readonly uid: string }): Promise<boolean> {
    return this.#request(() => {
      const pod = kind === "pod" ? this.#world.pod.get(uid) : undefined;
      if (pod !== undefined) {
        this.#asked.add(uid);
        this.#cache.pod.set(uid, pod);
      }
      if (kind === "job") return this.#world.job.get(uid)?.deleting === false;
      return this.#world[kind].has(uid);
    });
  }

  /** The request waits on its way there, takes effect (or not), and its answer waits on the way back (or is lost). */
  async #request<T>(effect: () => T): Promise<T> {
    await this.#turn();
    if (this.#random.chance(this.#faults.failure)) throw new ClusterError("the request was lost");
    const result = effect();
    await this.#turn();
    if (this.#random.chance(this.#faults.failure)) throw new ClusterError("the answer was lost");
    return result;
  }

  #turn(): Promise<void> {
    return new Promise((resolve) => {
      this.waiting.push(resolve);
    });
  }
}

function keyOf(object: Run | Job | Pod): AgentKey {
  return agentKey(object.namespace, "spec" in object ? object.spec.agent : object.agent);
}

function contrary(run: Run): Run {
  return { ...run, spec: { ...run.spec, priority: run.createdMs - 1_000_000_000 * run.spec.priority } };
}
