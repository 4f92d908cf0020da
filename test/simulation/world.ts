/**
 * The truth of the simulation: what the API server stores, with resource versions, preconditions and finalizers, and a
 * log of changes that replicas see late. It also keeps the account that the invariants are judged by.
 */
import type { ClaudeRunStatus } from "../../crds/claude-run.ts";
import {
  agentKey,
  hasEnded,
  isFinished,
  type AgentKey,
  type Job,
  type Pod,
  type Run,
  type Stop,
} from "../../operator/domain.ts";
import { ConflictError } from "../../operator/errors.ts";

export type Kind = "run" | "job" | "pod";
export interface Objects {
  run: Run;
  job: Job;
  pod: TruePod;
}

/** A pod with what only the API server and the node know of it. */
export interface TruePod extends Pod {
  /** The Job controller's own finalizer. */
  readonly tracked: boolean;
  /** When the kubelet was told to end it (deletion, or a deadline). */
  readonly ending: boolean;
}

export interface Change {
  readonly version: number;
  readonly kind: Kind;
  readonly uid: string;
  /** Absent: deleted. */
  readonly object?: Run | Job | TruePod;
}

/** An invariant was broken: the simulation has found a bug. */
export class Broken extends Error {
  override readonly name = "Broken";
}

export class World {
  /** So many pods may be let go at once. */
  readonly #limit: number;
  nowMs = Date.parse("2026-01-01T00:00:00Z");
  readonly log: Change[] = [];
  readonly run = new Map<string, Run>();
  readonly job = new Map<string, Job>();
  readonly pod = new Map<string, TruePod>();
  /** Jobs whose owner reference is gone: the garbage collector leaves them alone. */
  readonly orphans = new Set<string>();
  readonly #started = new Map<string, string>();
  readonly #reports = new Map<string, number>();
  /** Also those of which nothing is left: the deletion of the last object wakes its agent too. */
  readonly agents = new Set<AgentKey>();
  readonly lostLeases = new Set<string>();
  readonly accepted = new Set<string>();
  readonly ends = new Map<string, string>();
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

  createRun(run: Omit<Run, "resourceVersion" | "createdMs" | "deleting" | "generation" | "status">): void {
    this.accepted.add(run.uid);
    this.agents.add(agentKey(run.namespace, run.spec.agent));
    this.put("run", { ...run, createdMs: this.nowMs, deleting: false, generation: 1, status: {} });
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
      if (orphan) this.settle({ ...pod, tracked: false });
      else this.deletePod(pod);
    }
  }

  /** Deletion asks the kubelet, if the pod has a node; finalizers keep the object. */
  deletePod(pod: TruePod, disruption?: Pod["disruption"]): void {
    const now = this.pod.get(pod.uid);
    if (now === undefined || now.deleting) return;
    this.settle({ ...now, deleting: true, ending: true, ...(disruption === undefined ? {} : { disruption }) });
  }

  /** Stores a pod, or lets it go for good if nothing holds it any more. */
  settle(pod: TruePod): void {
    const isOver = hasEnded(pod);
    if (pod.deleting && isOver && !pod.held && !pod.tracked) this.drop("pod", pod.uid);
    else this.put("pod", pod);
  }

  // — what the operator asks for —

  writeStatus(run: Run, status: ClaudeRunStatus): Run {
    const now = this.run.get(run.uid);
    if (now?.resourceVersion !== run.resourceVersion) throw new ConflictError("the run has changed");
    if (isFinished(now) && now.status.phase !== status.phase)
      throw new Broken(`a finished run was written again: ${now.name}`);
    this.#judgeAttempt(now, status);
    const { phase } = status;
    if (phase === "Succeeded" || phase === "Failed" || phase === "Cancelled") {
      if (this.ends.has(run.uid)) throw new Broken(`run ${run.name} ended twice`);
      this.ends.set(run.uid, phase);
      const reports = this.#reports.get(run.uid) ?? 0;
      if ((status.result?.turns ?? 0) > reports) throw new Broken(`run ${run.name} counts an attempt's turns twice`);
      const reason = status.conditions?.find(({ type }) => type === "Succeeded")?.reason;
      if (reason === "ClientLost" && !this.lostLeases.has(run.spec.clientLeaseName ?? ""))
        throw new Broken(`${run.name} ended as ClientLost while its client lives`);
    }
    return this.put("run", { ...now, status });
  }

  /** The counter grows by one, past a pod that is confirmed over; of one attempt never two pods are let go. */
  #judgeAttempt({ name, status: before }: Run, after: ClaudeRunStatus): void {
    const [from, to] = [before.attempt ?? 1, after.attempt ?? 1];
    if (to < from || to > from + 1) throw new Broken(`invariant 2: attempt ${to} of ${name} follows ${from}`);
    const uid = before.pod?.uid;
    const pod = this.pod.get(uid ?? "");
    if (to > from && pod !== undefined && !hasEnded(pod))
      throw new Broken(`invariant 2: attempt ${to} of ${name} while ${pod.name} may run`);
    if (to === from && uid !== undefined && after.pod?.uid !== uid)
      throw new Broken(`invariant 2: attempt ${to} of ${name} is given another pod than ${uid}`);
  }

  /** A container left its report, of one turn. */
  reported(pod: Pod): void {
    this.#reports.set(pod.runUid, (this.#reports.get(pod.runUid) ?? 0) + 1);
  }

  letGo(pod: Pod): void {
    const now = this.pod.get(pod.uid);
    if (now === undefined || !now.gated || now.deleting) throw new ConflictError("the pod has changed");
    this.put("pod", { ...now, gated: false, held: true });
    const active = [...this.pod.values()].filter((each) => !each.gated && !hasEnded(each));
    if (active.length > this.#limit)
      throw new Broken(`the brake: ${active.map(({ name }) => name).join(" and ")} are active, ${this.#limit} may be`);
  }

  release(pod: Pod): void {
    const now = this.pod.get(pod.uid);
    const run = this.run.get(pod.runUid);
    if (now?.held === true && run !== undefined && !isFinished(run) && run.status.pod?.uid === pod.uid)
      throw new Broken(`invariant 4: ${pod.name} is given back before its end is recorded`);
    if (now !== undefined) this.settle({ ...now, held: false });
  }

  stop(pod: Pod, stop: Stop): void {
    const now = this.pod.get(pod.uid);
    if (now === undefined) return;
    if (now.container.kind !== "running") {
      this.put("pod", { ...now, stop });
      this.deletePod({ ...now, stop });
    } else this.put("pod", { ...now, stop, ending: true });
  }

  remove(thing: Run | Job | Pod, ifUnchanged: boolean): void {
    const kind: Kind = "spec" in thing ? "run" : "gated" in thing ? "pod" : "job";
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
      (each) => each.uid !== pod.uid && each.agent === pod.agent && each.container.kind === "running",
    );
    if (other !== undefined)
      throw new Broken(`invariant 1: ${pod.name} starts while ${other.name} of agent ${pod.agent} runs`);
    const attempt = `${pod.runUid}/${pod.attempt}`;
    const before = this.#started.get(attempt);
    if (before !== undefined)
      throw new Broken(`invariant 2: attempt ${attempt} starts as ${pod.name}, it was ${before}`);
    const earlier = [...this.pod.values()].find(
      (each) => each.runUid === pod.runUid && each.attempt < pod.attempt && !each.gated && !hasEnded(each),
    );
    if (earlier !== undefined) throw new Broken(`invariant 2: ${pod.name} starts while ${earlier.name} has not ended`);
    this.#started.set(attempt, pod.name);
    this.put("pod", { ...pod, phase: "Running", container: { kind: "running", startedMs: this.nowMs } });
  }

  get starts(): number {
    return this.#started.size;
  }

  /** Starts of second and later attempts. */
  get retries(): number {
    return [...this.#started.keys()].filter((attempt) => !attempt.endsWith("/1")).length;
  }
}
