/**
 * The truth of the simulation: what the API server stores, with resource versions, preconditions and finalizers, and a
 * log of changes that replicas see late. It also keeps the account that the invariants are judged by.
 */
import type { ClaudeRunStatus } from "../../crds/claude-run.ts";
import { isFinished } from "../../crds/finished.ts";
import { agentKey, isTerminal, type AgentKey, type Job, type Pod, type Run, type Stop } from "../../operator/domain.ts";
import { ConflictError } from "../../operator/errors.ts";
import { Broken, checkAttempt, type Change, type Kind, type Objects, type TruePod } from "./objects.ts";

export class World {
  /** So many pods may be let go at once. */
  readonly #limit: number;
  nowMs = Date.parse("2026-01-01T00:00:00Z");
  readonly log: Change[] = [];
  /** The last rules that decided, of all replicas: what a broken invariant is told with. */
  readonly decided: unknown[] = [];
  readonly run = new Map<string, Run>();
  readonly job = new Map<string, Job>();
  readonly pod = new Map<string, TruePod>();
  /** Jobs whose owner reference is gone: the garbage collector leaves them alone. */
  readonly orphans = new Set<string>();
  /** What the operator that made a Job demands of the run's ConfigMap, by the Job's uid. */
  readonly demands = new Map<string, string>();
  readonly #started = new Map<string, string>();
  readonly #reports = new Map<string, number>();
  /** Also those of which nothing is left: the deletion of the last object wakes its agent too. */
  readonly agents = new Set<AgentKey>();
  readonly lostLeases = new Set<string>();
  /** How far in the log each replica's watch has come. */
  readonly watches: (() => number)[] = [];
  readonly accepted = new Set<string>();
  readonly ends = new Map<string, string>();
  readonly #early = new Set<string>();
  outages = 0;
  /** How often an operator met a gated pod of another version. */
  outdated = 0;
  #version = 0;
  #uids = 0;

  constructor(limit = Infinity) {
    this.#limit = limit;
  }

  newUid(): string {
    this.#uids += 1;
    return this.#uids.toString(16).padStart(8, "0");
  }

  put<K extends Kind>(kind: K, object: Omit<Objects[K], "resourceVersion">): Objects[K] {
    this.#version += 1;
    const stored = { ...object, resourceVersion: String(this.#version) } as Objects[K];
    (this[kind] as Map<string, Objects[K]>).set(stored.uid, stored);
    this.log.push({ version: this.#version, kind, uid: stored.uid, object: stored });
    return stored;
  }

  drop(kind: Kind, uid: string): void {
    if (!this[kind].delete(uid)) return;
    this.#version += 1;
    this.log.push({ version: this.#version, kind, uid });
  }

  get hasLimit(): boolean {
    return this.#limit !== Infinity;
  }

  /** True if the watch of every replica has shown this object as it is. */
  isShown({ resourceVersion }: Pick<Pod, "resourceVersion">): boolean {
    const shown = Math.min(...this.watches.map((position) => position()));
    return Number(resourceVersion) <= (this.log[shown - 1]?.version ?? 0);
  }

  /** The pods as a list sees them that is as old as this position of the log. */
  podsAt(position: number): TruePod[] {
    const pods = new Map<string, TruePod>();
    for (const change of this.log.slice(0, position)) {
      if (change.kind !== "pod") continue;
      if (change.object === undefined) pods.delete(change.uid);
      else pods.set(change.uid, change.object as TruePod);
    }
    return [...pods.values()];
  }

  createRun(run: Omit<Run, "kind" | "resourceVersion" | "createdMs" | "isDeleting" | "generation" | "status">): void {
    this.accepted.add(run.uid);
    this.agents.add(agentKey(run.namespace, run.spec.agent));
    this.put("run", { kind: "run", ...run, createdMs: this.nowMs, isDeleting: false, generation: 1, status: {} });
  }

  /** Deleting a run needs no consent: it has no finalizer. Its Job goes with it, unless it is orphaned. */
  deleteRun(run: Run, orphan: boolean): void {
    for (const job of this.job.values()) if (job.runUid === run.uid && orphan) this.orphans.add(job.uid);
    this.drop("run", run.uid);
  }

  deleteJob(job: Job, orphan: boolean): void {
    this.drop("job", job.uid);
    for (const pod of this.pod.values()) {
      if (pod.jobUid !== job.uid) continue;
      if (orphan) this.settle(orphaned(pod));
      else this.deletePod(pod);
    }
  }

  /** Deletion asks the kubelet, if the pod has a node; finalizers keep the object. */
  deletePod(pod: TruePod, disruption?: Pod["disruption"]): void {
    const now = this.pod.get(pod.uid);
    if (now === undefined || now.isDeleting) return;
    this.settle({ ...now, isDeleting: true, ending: true, ...(disruption === undefined ? {} : { disruption }) });
  }

  /** Stores a pod, or lets it go for good if nothing holds it any more. */
  settle(pod: TruePod): void {
    const isOver = isTerminal(pod);
    if (pod.isDeleting && isOver && !pod.hasFinalizer && !pod.tracked) this.drop("pod", pod.uid);
    else this.put("pod", pod);
  }

  // — what the operator asks for —

  writeStatus(run: Run, status: ClaudeRunStatus): Run {
    const now = this.run.get(run.uid);
    if (now?.resourceVersion !== run.resourceVersion) throw new ConflictError("the run has changed");
    if (isFinished(now) && now.status.phase !== status.phase)
      throw new Broken(`a finished run was written again: ${now.name}`);
    checkAttempt(now, status, this.pod);
    const { phase } = status;
    if (phase === "Succeeded" || phase === "Failed" || phase === "Cancelled") {
      if (this.ends.has(run.uid)) throw new Broken(`run ${run.name} ended twice`);
      this.ends.set(run.uid, phase);
      const pod = this.pod.get(status.pod?.uid ?? "");
      if (pod !== undefined && !isTerminal(pod)) this.#early.add(run.uid);
      const reports = this.#reports.get(run.uid) ?? 0;
      if ((status.result?.turns ?? 0) > reports) throw new Broken(`run ${run.name} counts an attempt's turns twice`);
      const reason = status.conditions?.find(({ type }) => type === "Succeeded")?.reason;
      if (reason === "ClientLost" && !this.lostLeases.has(run.spec.clientLeaseName ?? ""))
        throw new Broken(`${run.name} ended as ClientLost while its client lives`);
      const started = this.#started.get(`${run.uid}/${status.attempt ?? 1}`);
      if (reason === "StartDeadlineExceeded" && started !== undefined && started === status.pod?.name)
        throw new Broken(`${run.name} ended as StartDeadlineExceeded although ${started} had started`);
    }
    return this.put("run", { ...now, status });
  }

  /** A container left its report, of one turn. */
  reported(pod: Pod): void {
    this.#reports.set(pod.runUid, (this.#reports.get(pod.runUid) ?? 0) + 1);
  }

  ungate(pod: Pod): void {
    const now = this.pod.get(pod.uid);
    if (now === undefined || !now.isGated || now.isDeleting) throw new ConflictError("the pod has changed");
    if (now.isForeign === true) throw new Broken(`${now.name} was made by hand and is ungated`);
    this.put("pod", { ...now, isGated: false, hasFinalizer: true, isUngatedByUs: true });
    const active = [...this.pod.values()].filter(
      (each) => !each.isGated && !isTerminal(each) && each.isForeign !== true,
    );
    if (active.length > this.#limit)
      throw new Broken(`the brake: ${active.map(({ name }) => name).join(" and ")} are active, ${this.#limit} may be`);
  }

  removeFinalizer(pod: Pod): void {
    const now = this.pod.get(pod.uid);
    const run = this.run.get(pod.runUid);
    if (now?.hasFinalizer === true && run !== undefined && !isFinished(run) && run.status.pod?.uid === pod.uid)
      throw new Broken(`invariant 4: ${pod.name} loses its finalizer before its end is recorded`);
    if (now !== undefined) this.settle({ ...now, hasFinalizer: false });
  }

  stop(pod: Pod, stop: Stop): void {
    const now = this.pod.get(pod.uid);
    if (now === undefined) return;
    if (pod.container.kind === "running" || pod.container.kind === "terminated") {
      this.put("pod", { ...now, stop, ending: true });
      return;
    }
    // The operator deletes what it saw unstarted, and only as it saw it: the container may run by now.
    if (now.resourceVersion !== pod.resourceVersion) throw new ConflictError("it has changed");
    this.put("pod", { ...now, stop });
    this.deletePod({ ...now, stop });
  }

  endSidecars(pod: Pod): void {
    const now = this.pod.get(pod.uid);
    // A pod whose node is lost has ended, and nothing tells of its container any more.
    if (now === undefined || isTerminal(now)) return;
    if (now.container.kind !== "terminated") throw new Broken(`${pod.name} is ended as if claude had ended`);
    this.put("pod", { ...now, isEndingSidecars: true, ending: true });
  }

  remove(thing: Run | Job | Pod, ifUnchanged: boolean): void {
    const { kind } = thing;
    const now = this[kind].get(thing.uid);
    if (now === undefined) return;
    if (ifUnchanged && now.resourceVersion !== thing.resourceVersion) throw new ConflictError("it has changed");
    if (kind === "pod") this.deletePod(now as TruePod);
    else if (kind === "job") this.deleteJob(now as Job, false);
    else this.deleteRun(now as Run, false);
  }

  // — what the node does: here invariants 1 and 2 are judged —

  start(pod: TruePod): void {
    const other = [...this.pod.values()].find(
      (each) => each.uid !== pod.uid && each.agent === pod.agent && runsSomething(each),
    );
    if (other !== undefined)
      throw new Broken(`invariant 1: ${pod.name} starts while ${other.name} of agent ${pod.agent} runs`);
    const attempt = `${pod.runUid}/${pod.attempt}`;
    const before = this.#started.get(attempt);
    if (before !== undefined)
      throw new Broken(`invariant 2: attempt ${attempt} starts as ${pod.name}, it was ${before}`);
    const earlier = [...this.pod.values()].find(
      (each) =>
        each.isForeign !== true &&
        each.runUid === pod.runUid &&
        each.attempt < pod.attempt &&
        !each.isGated &&
        !isTerminal(each),
    );
    if (earlier !== undefined) throw new Broken(`invariant 2: ${pod.name} starts while ${earlier.name} has not ended`);
    this.#started.set(attempt, pod.name);
    this.put("pod", { ...pod, phase: "Running", container: { kind: "running", startedMs: this.nowMs } });
  }

  /** Runs whose end was recorded while other containers of their pod ran. */
  get early(): number {
    return this.#early.size;
  }

  get starts(): number {
    return this.#started.size;
  }

  /** Starts of second and later attempts. */
  get retries(): number {
    return [...this.#started.keys()].filter((attempt) => !attempt.endsWith("/1")).length;
  }
}

/** Also a container that outlives claude: it may write to the workspace, as claude may. */
function runsSomething(pod: TruePod): boolean {
  if (pod.isForeign === true) return false;
  return pod.container.kind === "running" || (pod.openContainers !== undefined && !isTerminal(pod));
}

/** The garbage collector takes the owner off; the Job controller's finalizer goes too. */
function orphaned({ jobUid, ...pod }: TruePod): TruePod {
  return jobUid === undefined ? pod : { ...pod, tracked: false };
}
