/** Caches of runs, Jobs and pods by agent. A change enqueues its agent. */
import type { ClaudeRun } from "../../crds/claude-run.ts";
import {
  agentKey,
  isTerminal,
  outlivesClaude,
  type AgentKey,
  type Job,
  type Pod,
  type Run,
  type SpecDefaults,
} from "../domain.ts";
import { LeftPods } from "../left-pods.ts";
import type { Log } from "../log.ts";
import { managedSelector } from "../names.ts";
import type { PodDefaults } from "../plan/job.ts";
import type { Lane } from "../queue.ts";
import { PendingSpecs } from "./pending-specs.ts";
import { parsePod, readPod, type CachedPod } from "./parse-pod.ts";
import { parseJob, parseRun } from "./parse.ts";
import { collection } from "./paths.ts";
import { Reflector } from "./reflector.ts";
import { Store, type OnChange } from "./store.ts";
import type { Transport } from "./transport.ts";

export interface CachesOptions {
  readonly transport: Transport;
  readonly log: Log;
  /** The watched namespaces; empty: all. */
  readonly namespaces: readonly string[];
  readonly defaults?: Pick<PodDefaults, "spec">;
  /** Called when an object of the agent changed; the lane is "later" if the change is not urgent. */
  readonly enqueue: (agent: AgentKey, lane: Lane | "later") => void;
}

/** A reflector of any kind of object. */
export type Watch = Pick<Reflector<Run>, keyof Reflector<Run>>;

/** Maximum number of deleted pods whose runs still have LogsAvailable=True. */
const maxDeletedPods = 20_000;

export class Caches {
  readonly runs: Store<Run>;
  readonly jobs: Store<Job>;
  readonly pods: Store<CachedPod>;
  readonly watches: readonly Watch[];
  readonly leftPods = new LeftPods();
  readonly #pendingSpecs = new PendingSpecs();
  readonly #deletedPods = new Set<string>();
  readonly #enqueue: CachesOptions["enqueue"];
  readonly #specDefaults: SpecDefaults | undefined;

  constructor({ transport, log, namespaces, enqueue, defaults }: CachesOptions) {
    this.#enqueue = enqueue;
    this.#specDefaults = defaults?.spec;
    const ofRun = ({ spec }: Run): string => spec.agent;
    const ofObject = ({ agent }: Job | Pod): string => agent;
    this.runs = new Store<Run>(
      ofRun,
      enqueueing(ofRun, enqueue, ({ status }) => (status.phase === undefined ? "new" : "rest")),
    );
    this.jobs = new Store<Job>(ofObject, (change) => {
      if (isRelevant(change)) enqueueing<Job>(ofObject, enqueue, () => "rest")(change);
    });
    const enqueuePod = enqueueing<CachedPod>(ofObject, enqueue, (pod) =>
      pod.hasFinalizer && (isTerminal(pod) || outlivesClaude(pod)) ? "end" : "rest",
    );
    this.pods = new Store<CachedPod>(ofObject, (change) => {
      this.leftPods.record(change);
      enqueuePod(change);
    });
    const everywhere = [undefined];
    const managed = { transport, log, labelSelector: managedSelector };
    const { runs, jobs, pods } = this;
    const onDeleted = (object: unknown): void => {
      this.#podDeleted(object);
    };
    this.watches = (namespaces.length === 0 ? everywhere : namespaces).flatMap((namespace) => {
      const at = (kind: "run" | "job" | "pod") => ({ namespace, path: collection(kind, namespace) });
      return [
        new Reflector({ ...at("run"), transport, log, parse: (object) => this.#keepPendingSpec(object), store: runs }),
        new Reflector({ ...at("job"), ...managed, parse: parseJob, store: jobs }),
        new Reflector({ ...at("pod"), ...managed, parse: parsePod, store: pods, onDeleted: onDeleted }),
      ];
    });
  }

  /**
   * Returns a run that is not admitted yet, as the watch sent it; undefined if it was too large or has been evicted.
   */
  pendingSpec(uid: string): object | undefined {
    return this.#pendingSpecs.get(uid);
  }

  dropPendingSpec(uid: string): void {
    this.#pendingSpecs.delete(uid);
  }

  /** Uids of deleted pods that a run names. Limited, because only a condition depends on them. */
  get deletedPods(): ReadonlySet<string> {
    return this.#deletedPods;
  }

  /** Removes a pod whose run now has LogsAvailable=False. */
  forgetDeletedPod(uid: string | undefined): void {
    if (uid !== undefined) this.#deletedPods.delete(uid);
  }

  /** Finished pods are not cached, but the deleted object names its run. */
  #podDeleted(object: unknown): void {
    const pod = readPod(object);
    const run = pod === undefined ? undefined : this.runs.get(pod.runUid);
    if (pod === undefined || run === undefined || run.status.pod?.uid !== pod.uid) return;
    const [oldest] = this.#deletedPods;
    if (oldest !== undefined && this.#deletedPods.size >= maxDeletedPods) this.#deletedPods.delete(oldest);
    this.#deletedPods.add(pod.uid);
    this.#enqueue(agentKey(run.namespace, run.spec.agent), "later");
  }

  /** Parses a run. */
  readRun(object: unknown): Run | undefined {
    return parseRun(object, this.#specDefaults);
  }

  /** Keeps the spec of a waiting run (limited) for its Job and ConfigMap. */
  #keepPendingSpec(object: unknown): Run | undefined {
    const run = this.readRun(object);
    if (run === undefined) return undefined;
    this.#pendingSpecs.delete(run.uid);
    if ((run.status.phase ?? "Queued") === "Queued") this.#pendingSpecs.set(run.uid, object as ClaudeRun);
    return run;
  }

  /** All agents with an object in a cache. */
  agents(): ReadonlySet<AgentKey> {
    return new Set([...this.runs.agents(), ...this.jobs.agents(), ...this.pods.agents()]);
  }
}

/** Ignores the Job controller's bookkeeping: creation, deletion, suspension and end are relevant. */
function isRelevant({ before, after }: Parameters<OnChange<Job>>[0]): boolean {
  return (
    before?.isDeleting !== after?.isDeleting ||
    before?.isFinished !== after?.isFinished ||
    before?.suspended?.by !== after?.suspended?.by
  );
}

/** Enqueues the agent of an object; if its label changed, the old and the new agent. */
function enqueueing<T extends { readonly namespace: string }>(
  agentOf: (object: T) => string,
  enqueue: CachesOptions["enqueue"],
  laneOf: (object: T) => Lane,
): OnChange<T> {
  return ({ before, after }) => {
    const key = (object: T): AgentKey => agentKey(object.namespace, agentOf(object));
    if (after !== undefined) enqueue(key(after), laneOf(after));
    if (before !== undefined && (after === undefined || key(before) !== key(after))) enqueue(key(before), "rest");
  };
}
