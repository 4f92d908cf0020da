/**
 * One operator process: the operator's own reconcile over a cache that lags, with every request arriving when the
 * schedule says so, failing before or after it took effect. A frozen replica's requests simply arrive much later.
 */
import type { ClaudeRunStatus } from "../../crds/claude-run.ts";
import { ActiveRunLimiter } from "../../operator/active-run-limit.ts";
import type { Cluster } from "../../operator/cluster.ts";
import { isTerminal, type AgentKey, type Job, type Pod, type Run, type Stop } from "../../operator/domain.ts";
import { ClusterError, ConflictError, OutdatedPodError } from "../../operator/errors.ts";
import { ownedOnly } from "../../operator/ownership.ts";
import { RateLimiter } from "../../operator/rate-limiter.ts";
import { StatusWriter } from "../../operator/status-writer.ts";
import { StatusDebouncer } from "../../operator/status-debouncer.ts";
import { attemptName } from "../../operator/plan/names.ts";
import { reconcile } from "../../operator/reconcile.ts";
import type { Random } from "./random.ts";
import { asMarked, ReplicaCache } from "./replica-cache.ts";
import { Broken, type TruePod } from "./objects.ts";
import { type World } from "./world.ts";

/** For so long after an outage the operator ends no run for what it did not see happen. */
const catchUpMs = 30_000;

export interface Faults {
  /** A request fails before it took effect, or after. */
  failure: number;
  /** The look of invariant 1; taken out for the control that must be caught. */
  readonly listsPods: boolean;
  /** What the operator is configured with; absent: no limit. */
  readonly maxActiveRuns?: number;
}

export class Replica implements Cluster {
  readonly #world: World;
  readonly #random: Random;
  readonly #faults: Faults;
  readonly #statusWriter: StatusWriter;
  #activeRunLimiter: ActiveRunLimiter;
  readonly #busy = new Set<AgentKey>();
  #cache = new ReplicaCache();
  #outages = 0;
  #catchUpUntilMs = 0;
  /** Requests under way; each is let on by the schedule. */
  readonly waiting: (() => void)[] = [];
  /** What a pass threw that was no fault of the API: an invariant, or a bug. */
  broken: unknown;
  frozen = false;
  /** Of the operator: each makes another ConfigMap of a run, and its pods demand that one. */
  version = 1;

  /** A contrary replica picks from the queue's other end: agreement on the order would hide most races. */
  readonly #isReversed: boolean;

  constructor(world: World, options: { random: Random; faults: Faults; isReversed: boolean }) {
    this.#isReversed = options.isReversed;
    this.#world = world;
    this.#random = options.random;
    this.#faults = options.faults;
    this.#statusWriter = new StatusWriter({
      cluster: this,
      debouncer: new StatusDebouncer(20_000),
      rateLimiter: new RateLimiter({ everyMs: 60_000, perSecond: 10, random: () => options.random.next() }),
      log: { info: () => undefined, error: () => undefined },
    });
    this.#activeRunLimiter = this.#newLimiter();
    world.watches.push(() => this.#cache.position);
  }

  #newLimiter(): ActiveRunLimiter {
    return new ActiveRunLimiter(this.#faults, () => undefined);
  }

  get isIdle(): boolean {
    return this.#busy.size === 0;
  }

  /** The watch brings some of what is new. */
  hear(changes: number): void {
    this.#cache.hear(this.#world.log, changes);
  }

  /** Begins a pass for an agent, unless one is under way. */
  work(agent: AgentKey): void {
    if (this.#busy.has(agent)) return;
    this.#busy.add(agent);
    const deps = {
      cluster: this,
      statusWriter: this.#statusWriter,
      log: {
        debug: (decided: unknown) => this.#world.decided.push(decided),
        info: () => undefined,
        error: () => undefined,
      },
      settings: { admission: true },
      activeRunLimiter: this.#activeRunLimiter,
      now: () => this.#world.nowMs,
    };
    reconcile(agent, deps)
      .catch((error: unknown) => {
        if (!(error instanceof ConflictError) && !(error instanceof ClusterError)) this.broken = error;
      })
      .finally(() => this.#busy.delete(agent));
  }

  /** The API server comes back after an outage: all requests under way fail, and the operator knows that its cache is old. */
  endOutage(): void {
    this.#catchUpUntilMs = this.#world.nowMs + catchUpMs;
    this.#outages += 1;
    for (const letOn of this.waiting.splice(0)) letOn();
  }

  /** The same as another version: Jobs and gated pods of the one before are there. */
  upgrade(): void {
    this.version += 1;
    this.restart();
  }

  /** The process dies and comes back: what was under way is lost, the cache is filled anew. */
  restart(): void {
    this.waiting.length = 0;
    this.#busy.clear();
    const { asked } = this.#cache;
    this.#cache = new ReplicaCache();
    for (const uid of asked) this.#cache.asked.add(uid);
    this.hear(this.#world.log.length);
    this.#activeRunLimiter = this.#newLimiter();
    this.#activeRunLimiter.reset(
      [...this.#cache.agents].map((agent) => ({ agent, ...ownedOnly(this.observe(agent)) })),
    );
  }

  observe(agent: AgentKey): ReturnType<Cluster["observe"]> {
    const shown = this.#cache.observe(agent, { isReversed: this.#isReversed });
    return { ...shown, catchUpUntilMs: this.#catchUpUntilMs };
  }

  lostClients(_: AgentKey, runs: readonly Run[]): ReadonlyMap<string, string> {
    const { lostLeases } = this.#world;
    const lost = runs.filter((run) => lostLeases.has(run.spec.clientLeaseName ?? ""));
    return new Map(lost.map((run) => [run.uid, `Lease ${run.spec.clientLeaseName ?? ""} expired`]));
  }

  listActivePods(pod: Pod): Promise<readonly Pod[]> {
    return this.#request(() => {
      if (!this.#faults.listsPods) return [];
      const seen = this.#world.log.findIndex(({ version }) => version === Number(pod.resourceVersion)) + 1;
      const position = seen + this.#random.below(this.#world.log.length - seen + 1);
      return this.#world
        .podsAt(position)
        .filter((each) => each.isUnlabelled !== true)
        .filter((each) => each.agent === pod.agent && each.phase !== "Succeeded" && each.phase !== "Failed")
        .map(asMarked);
    });
  }

  /** What the pod demands is compared with the operator's own plan; only where they differ the stored ConfigMap is read. */
  prepareConfigMaps(pod: Pod): Promise<void> {
    if (pod.runDigests === String(this.version)) return Promise.resolve();
    return this.#request(() => {
      this.#failIfOutdated(pod);
    });
  }

  async createJob(run: Run, attempt: number): Promise<void> {
    const { uid } = await this.#request(() => {
      // The API server takes a Job whose owner is gone: the garbage collector finds it later.
      const name = attemptName(run, attempt);
      const there = [...this.#world.job.values()].find((job) => job.name === name);
      if (there !== undefined) return there;
      const uid = this.#world.newUid();
      this.#world.demands.set(uid, String(this.version));
      return this.#world.put("job", {
        kind: "job",
        namespace: run.namespace,
        name,
        uid,
        agent: run.spec.agent,
        runName: run.name,
        runUid: run.uid,
        attempt,
        createdMs: this.#world.nowMs,
        isDeleting: false,
        isFinished: false,
      });
    });
    const job = this.#world.job.get(uid);
    if (job !== undefined) this.#cache.job.set(uid, job);
  }

  updateStatus(run: Run, status: ClaudeRunStatus): Promise<void> {
    return this.#request(() => {
      const written = this.#world.writeStatus(run, status);
      this.#cache.run.set(run.uid, written);
    });
  }

  ungate(pod: Pod): Promise<void> {
    return this.#request(() => {
      this.#failIfOutdated(pod);
      this.#world.ungate(pod);
    });
  }

  removeFinalizer(pod: Pod): Promise<void> {
    return this.#request(() => {
      const now = this.#world.pod.get(pod.uid);
      if (now !== undefined && now.hasFinalizer && !isTerminal(now))
        throw new Broken(`the finalizer of ${pod.name} was removed while it may run`);
      this.#world.removeFinalizer(pod);
    });
  }

  endSidecars(pod: Pod): Promise<void> {
    return this.#request(() => {
      this.#world.endSidecars(pod);
    });
  }

  stop(pod: Pod, stop: Stop): Promise<void> {
    return this.#request(() => {
      this.#world.stop(pod, stop);
    });
  }

  #failIfOutdated({ name, runDigests }: Pod): void {
    if (runDigests === String(this.version)) return;
    this.#world.outdated += 1;
    throw new OutdatedPodError(`${name} is of version ${runDigests ?? ""}`);
  }

  delete(
    thing: Run | Job | Pod,
    { ifUnchanged }: { readonly ifUnchanged: boolean } = { ifUnchanged: false },
  ): Promise<void> {
    return this.#request(() => {
      this.#world.remove(thing, ifUnchanged);
    });
  }

  markLogsUnavailable(): Promise<void> {
    return this.#request(() => undefined);
  }

  recordEvent(): void {
    // Nothing depends on an Event.
  }

  latestWarning(): Promise<undefined> {
    return this.#request(() => undefined);
  }

  ensureConfigMap(): Promise<boolean> {
    return this.#request(() => true);
  }

  restoreAdmittedPod(_: Run, { uid }: { readonly uid: string }): Promise<boolean> {
    return this.#request(() => {
      const pod = this.#world.pod.get(uid);
      this.#cache.left.forget(uid);
      if (pod === undefined) return false;
      this.#cache.asked.add(uid);
      this.#cache.pod.set(uid, this.#restored(pod));
      return true;
    });
  }

  restoreLabels({ uid }: Pod): Promise<void> {
    return this.#request(() => {
      const pod = this.#world.pod.get(uid);
      this.#cache.left.forget(uid);
      if (pod !== undefined && (pod.hasFinalizer || !isTerminal(pod))) this.#cache.pod.set(uid, this.#restored(pod));
    });
  }

  #restored(pod: TruePod): TruePod {
    const { isUnmarked, isUnlabelled, ...marked } = pod;
    return isUnmarked === true || isUnlabelled === true ? this.#world.put("pod", marked) : pod;
  }

  confirmExists(kind: "run" | "job", { uid }: { readonly uid: string }): Promise<boolean> {
    return this.#request(() => {
      if (kind === "job") return this.#world.job.get(uid)?.isDeleting === false;
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

  async #turn(): Promise<void> {
    const before = this.#outages;
    await new Promise<void>((resolve) => {
      this.waiting.push(resolve);
    });
    if (this.#outages !== before) throw new ClusterError("the API server was away");
  }
}
