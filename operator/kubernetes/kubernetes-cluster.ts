/** The Cluster interface over a real API server: caches for what wakes and chooses, requests for what must be right. */
import { type ClaudeRun, type ClaudeRunStatus } from "../../crds/claude-run.ts";
import { annotations, apiVersion, finalizer, kind, labels, schedulingGate } from "../../crds/names.ts";
import { parseClaudeRun } from "../../crds/parse.ts";
import type { Cluster } from "../cluster.ts";
import { agentKey, hasEnded, type AgentKey, type Job, type Pod, type Run, type Stop } from "../domain.ts";
import { ClusterError, ConflictError, InvalidSpecError, RefusedError } from "../errors.ts";
import type { Log } from "../log.ts";
import { managedSelector } from "../names.ts";
import { planCargo } from "../plan/cargo.ts";
import { planJob, type PodDefaults } from "../plan/job.ts";
import { CargoHold } from "./cargo-hold.ts";
import { maxStopMessage, parseJob, parsePod, parseRun, readPod, type CachedPod } from "./parse.ts";
import { collection, object, type Kind } from "./paths.ts";
import { Reflector } from "./reflector.ts";
import { Store } from "./store.ts";
import type { Transport } from "./transport.ts";

export interface KubernetesClusterOptions {
  readonly transport: Transport;
  readonly log: Log;
  /** The bundled runner's source. */
  readonly runner: string;
  readonly defaults: PodDefaults;
  /** Only this namespace; absent: all. */
  readonly namespace?: string;
  /** Something of the agent changed; urgent if a result waits to be recorded. */
  readonly wake: (agent: AgentKey, urgent: boolean) => void;
}

/** For this long a pod is not let go again: the watch has yet to show that it was. */
const letGoMemoryMs = 5_000;

export class KubernetesCluster implements Cluster {
  readonly #transport: Transport;
  readonly #defaults: PodDefaults;
  readonly #cargo: CargoHold;
  readonly #runs: Store<Run>;
  readonly #jobs: Store<Job>;
  readonly #pods: Store<CachedPod>;
  readonly #letGo = new Map<string, number>();
  readonly reflectors: readonly Pick<
    Reflector<Run>,
    "start" | "stop" | "whenSynced" | "lastHeardMs" | "restarts" | "missed"
  >[];

  constructor({ transport, log, runner, defaults, namespace, wake }: KubernetesClusterOptions) {
    this.#transport = transport;
    this.#defaults = defaults;
    this.#cargo = new CargoHold(transport, runner);
    const keyOf = (each: { namespace: string; agent: string }): AgentKey => agentKey(each.namespace, each.agent);
    this.#runs = new Store<Run>(
      (run) => run.spec.agent,
      ({ before, after }) => {
        const run = after ?? before;
        if (run !== undefined) wake(agentKey(run.namespace, run.spec.agent), false);
      },
    );
    this.#jobs = new Store<Job>(
      (job) => job.agent,
      ({ before, after }) => {
        // The Job controller's bookkeeping is none of our business.
        if (
          before !== undefined &&
          after !== undefined &&
          before.deleting === after.deleting &&
          before.finished === after.finished
        )
          return;
        const job = after ?? before;
        if (job !== undefined) wake(keyOf(job), false);
      },
    );
    this.#pods = new Store<CachedPod>(
      (pod) => pod.agent,
      ({ before, after }) => {
        const pod = after ?? before;
        if (pod !== undefined) wake(keyOf(pod), after !== undefined && after.held && hasEnded(after));
      },
    );
    const watched = { transport, log, labelSelector: managedSelector };
    this.reflectors = [
      new Reflector({ transport, log, path: collection("run", namespace), parse: parseRun, store: this.#runs }),
      new Reflector({ ...watched, path: collection("job", namespace), parse: parseJob, store: this.#jobs }),
      new Reflector({ ...watched, path: collection("pod", namespace), parse: parsePod, store: this.#pods }),
    ];
  }

  observe(agent: AgentKey): { runs: readonly Run[]; jobs: readonly Job[]; pods: readonly Pod[] } {
    return { runs: this.#runs.ofAgent(agent), jobs: this.#jobs.ofAgent(agent), pods: this.#pods.ofAgent(agent) };
  }

  /** Every agent of which anything is known. */
  agents(): ReadonlySet<AgentKey> {
    return new Set([...this.#runs.agents(), ...this.#jobs.agents(), ...this.#pods.agents()]);
  }

  /** How many objects the caches hold. */
  sizes(): { runs: number; jobs: number; pods: number } {
    return { runs: this.#runs.size, jobs: this.#jobs.size, pods: this.#pods.size };
  }

  async look(pod: Pod): Promise<readonly Pod[]> {
    const query = {
      labelSelector: `${labels.agent}=${pod.agent}`,
      fieldSelector: "status.phase!=Succeeded,status.phase!=Failed",
      resourceVersion: pod.resourceVersion,
      resourceVersionMatch: "NotOlderThan",
    };
    const list = (await this.#transport.request("GET", collection("pod", pod.namespace), { query })) as
      { items?: unknown[] } | undefined;
    if (list?.items === undefined) throw new ClusterError(`pods of ${pod.namespace} are not served`);
    return list.items.map(parsePod).filter((each) => each !== undefined);
  }

  async make(run: Run, attempt: number): Promise<void> {
    const [full] = await Promise.all([this.#read(run), this.#cargo.bringRunner(run.namespace)]);
    const body = planJob(full, { attempt, runnerConfigMap: this.#cargo.runnerConfigMap, defaults: this.#defaults });
    const job = await this.#createJob(run, body);
    this.#jobs.put(job.uid, job);
    this.#loadCargo(full, attempt, job.uid).catch(() => undefined); // letGo awaits it, and reports
  }

  async record(run: Run, status: ClaudeRunStatus): Promise<void> {
    const metadata = { name: run.name, namespace: run.namespace, uid: run.uid, resourceVersion: run.resourceVersion };
    const body = { apiVersion: apiVersion, kind: kind, metadata, status };
    const written = await this.#transport.request("PUT", `${object("run", run)}/status`, { body });
    if (written === undefined) throw new ConflictError(`run ${run.namespace}/${run.name} is gone`);
    this.#runs.put(run.uid, parseRun(written));
  }

  async change(pod: Pod, how: "letGo" | "release" | Stop): Promise<void> {
    if (how === "letGo") return this.#letPodGo(pod);
    if (how === "release") return this.#release(pod);
    return this.#stop(pod, how);
  }

  async remove(
    thing: Run | Job | Pod,
    options: { readonly ifUnchanged: boolean } = { ifUnchanged: false },
  ): Promise<void> {
    const preconditions = {
      uid: thing.uid,
      ...(options.ifUnchanged ? { resourceVersion: thing.resourceVersion } : {}),
    };
    const body = { propagationPolicy: "Background", preconditions };
    await this.#transport.request("DELETE", object(kindOf(thing), thing), { body });
  }

  async explain(thing: Job | Pod): Promise<{ readonly reason: string; readonly message: string } | undefined> {
    const query = { fieldSelector: `involvedObject.uid=${thing.uid},type=Warning`, limit: 50 };
    const path = `/api/v1/namespaces/${thing.namespace}/events`;
    return newestEvent(await this.#transport.request("GET", path, { query }));
  }

  async exists(
    kind: "run" | "pod",
    id: { readonly namespace: string; readonly name: string; readonly uid: string },
  ): Promise<boolean> {
    const found = (await this.#transport.request("GET", object(kind, id))) as
      { metadata?: { uid?: string } } | undefined;
    if (found?.metadata?.uid !== id.uid) return false;
    const pod = kind === "pod" ? readPod(found) : undefined;
    if (pod !== undefined) this.#pods.put(pod.uid, pod);
    return true;
  }

  /** The whole run as it is stored: specs are not cached. */
  async #read(run: { readonly namespace: string; readonly name: string; readonly uid: string }): Promise<ClaudeRun> {
    const found = (await this.#transport.request("GET", object("run", run))) as ClaudeRun | undefined;
    if (found?.metadata.uid !== run.uid) throw new ConflictError(`run ${run.namespace}/${run.name} is gone`);
    const parsed = parseClaudeRun(found);
    if (!parsed.ok) throw new InvalidSpecError(parsed.problems.join("; "));
    return parsed.value;
  }

  async #createJob(run: Run, body: ReturnType<typeof planJob>): Promise<Job> {
    const name = body.metadata?.name ?? "";
    try {
      const created = parseJob(await this.#transport.request("POST", collection("job", run.namespace), { body }));
      if (created === undefined) throw new ConflictError(`namespace ${run.namespace} is gone`);
      return created;
    } catch (error) {
      if (!(error instanceof RefusedError) || error.reason !== "AlreadyExists") throw error;
      const found = parseJob(await this.#transport.request("GET", object("job", { namespace: run.namespace, name })));
      if (found?.runUid === run.uid) return found;
      const message = `a Job ${name} that is not this run's exists: delete it (its annotation ${annotations.runUid} should be ${run.uid})`;
      throw new RefusedError(message, { code: 422, reason: "Invalid", cause: error });
    }
  }

  #loadCargo(run: ClaudeRun, attempt: number, jobUid: string): Promise<void> {
    return this.#cargo.load(jobUid, () =>
      Promise.resolve(planCargo(run, { attempt, jobUid, defaults: this.#defaults })),
    );
  }

  async #letPodGo(pod: Pod): Promise<void> {
    const since = this.#letGo.get(pod.uid);
    if (since !== undefined && Date.now() - since < letGoMemoryMs) return;
    const { jobUid = "", runName: name, runUid: uid, namespace, attempt } = pod;
    await this.#cargo.load(jobUid, async () =>
      planCargo(await this.#read({ namespace, name, uid }), { attempt, jobUid, defaults: this.#defaults }),
    );
    const cached = this.#pods.get(pod.uid);
    if (cached === undefined) throw new ConflictError(`pod ${pod.namespace}/${pod.name} is gone`);
    await this.#transport.request("PATCH", object("pod", pod), {
      body: ungating(cached),
      patchType: "application/json-patch+json",
    });
    this.#remember(pod.uid);
  }

  #remember(uid: string): void {
    const now = Date.now();
    for (const [known, at] of this.#letGo) if (now - at > letGoMemoryMs) this.#letGo.delete(known);
    this.#letGo.set(uid, now);
  }

  /** By strategic merge: harmless twice, and no race with the Job controller over the list's indexes. */
  async #release(pod: Pod): Promise<void> {
    const body = { metadata: { uid: pod.uid, "$deleteFromPrimitiveList/finalizers": [finalizer] } };
    await this.#transport.request("PATCH", object("pod", pod), {
      body,
      patchType: "application/strategic-merge-patch+json",
    });
  }

  /**
   * What runs is ended by the kubelet for its deadline, which keeps pod and log. What does not run yet has no log to
   * keep: it is deleted, as nobody would end it without a node, and a kubelet that waits for a volume only after minutes.
   */
  async #stop(pod: Pod, stop: Stop): Promise<void> {
    const runs = pod.container.kind === "running";
    const body = {
      metadata: {
        uid: pod.uid,
        annotations: {
          [annotations.stop]: JSON.stringify({ reason: stop.reason, message: stop.message.slice(0, maxStopMessage) }),
        },
      },
      ...(runs ? { spec: { activeDeadlineSeconds: 1 } } : {}),
    };
    await this.#transport.request("PATCH", object("pod", pod), {
      body,
      patchType: "application/strategic-merge-patch+json",
    });
    if (!runs) await this.remove(pod);
  }
}

/** Gate off and finalizer on, or neither: a pod that is being deleted takes no finalizer, and so keeps its gate. */
function ungating(pod: CachedPod): unknown[] {
  const index = pod.gates.indexOf(schedulingGate);
  if (index < 0) throw new ConflictError(`pod ${pod.namespace}/${pod.name} has no gate of ours any more`);
  const gate = `/spec/schedulingGates/${index}`;
  // Where the list is gone (the Job was orphaned) `add …/-` fails: then the whole list is added, to this version only.
  const hold =
    pod.finalizers.length > 0
      ? [{ op: "add", path: "/metadata/finalizers/-", value: finalizer }]
      : [
          { op: "test", path: "/metadata/resourceVersion", value: pod.resourceVersion },
          { op: "add", path: "/metadata/finalizers", value: [finalizer] },
        ];
  return [
    { op: "test", path: "/metadata/uid", value: pod.uid },
    { op: "test", path: `${gate}/name`, value: schedulingGate },
    ...hold,
    { op: "remove", path: gate },
  ];
}

function kindOf(thing: Run | Job | Pod): Kind {
  if ("spec" in thing) return "run";
  return "gated" in thing ? "pod" : "job";
}

interface EventList {
  readonly items?: readonly {
    readonly reason?: string;
    readonly message?: string;
    readonly lastTimestamp?: string;
    readonly eventTime?: string;
  }[];
}

function newestEvent(list: unknown): { reason: string; message: string } | undefined {
  const events = (list as EventList | undefined)?.items ?? [];
  const at = (event: (typeof events)[number]): string => event.lastTimestamp ?? event.eventTime ?? "";
  const [newest] = events.toSorted((a, b) => (at(a) < at(b) ? 1 : -1));
  if (newest?.reason === undefined || newest.message === undefined) return undefined;
  return { reason: newest.reason, message: newest.message };
}
