/** The Cluster interface over a real API server: caches for what wakes and chooses, requests for what must be right. */
import { type ClaudeRun, type ClaudeRunStatus } from "../../crds/claude-run.ts";
import { annotations, apiVersion, kind, labels } from "../../crds/names.ts";
import { hostname } from "node:os";
import type { Cluster } from "../cluster.ts";
import type { AgentKey, Announcement, Job, Observed, Pod, Run, Sample, Stop } from "../domain.ts";
import { ClusterError, ConflictError, RefusedError } from "../errors.ts";
import type { Log } from "../log.ts";
import { planCargo } from "../plan/cargo.ts";
import { planJob, type PodDefaults } from "../plan/job.ts";
import type { Caches } from "./caches.ts";
import { CargoHold } from "./cargo-hold.ts";
import type { ClientLeases } from "./client-leases.ts";
import { eventAbout, newestWarning, warningsAbout, type Warning } from "./events.ts";
import { parsePod, readPod } from "./parse-pod.ts";
import { parseJob } from "./parse.ts";
import { Judge } from "./judge.ts";
import { Recent } from "./recent.ts";
import { logsGone, releasing, stopping, ungating, type Patch } from "./patches.ts";
import { collection, object, type Kind } from "./paths.ts";
import type { Transport } from "./transport.ts";

export interface KubernetesClusterOptions {
  readonly transport: Transport;
  readonly caches: Caches;
  readonly clients: ClientLeases;
  /** The bundled runner's source. */
  readonly runner: string;
  readonly defaults: PodDefaults;
  readonly log: Log;
  /** The newest sample of a running pod, by uid. */
  readonly sampleOf: (uid: string) => Sample | undefined;
}

interface Identity {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** For this long a pod is not let go or given back again: the watch has yet to show that it was. */
const shownWithinMs = 5_000;

export class KubernetesCluster implements Cluster {
  readonly #transport: Transport;
  readonly #defaults: PodDefaults;
  readonly #cargo: CargoHold;
  readonly #judge: Judge;
  readonly #caches: Caches;
  readonly #clients: ClientLeases;
  readonly #log: Log;
  readonly #sampleOf: (uid: string) => Sample | undefined;
  readonly #instance = hostname();
  readonly #letGo = new Recent(shownWithinMs);
  readonly #released = new Recent(shownWithinMs);

  constructor({ transport, runner, defaults, caches, clients, log, sampleOf }: KubernetesClusterOptions) {
    this.#sampleOf = sampleOf;
    this.#log = log;
    this.#transport = transport;
    this.#defaults = defaults;
    this.#caches = caches;
    this.#clients = clients;
    this.#judge = new Judge(defaults.spec);
    this.#cargo = new CargoHold(transport, runner);
  }

  observe(agent: AgentKey): Pick<Observed, "runs" | "jobs" | "pods" | "gonePods"> {
    const { runs, jobs, pods, gonePods } = this.#caches;
    return {
      runs: runs.ofAgent(agent),
      jobs: jobs.ofAgent(agent),
      pods: pods.ofAgent(agent).map(this.#sampled),
      gonePods,
    };
  }

  lostClients(agent: AgentKey, runs: readonly Run[]): ReadonlyMap<string, string> {
    return this.#clients.lost(agent, runs);
  }

  readonly #sampled = (pod: Pod): Pod => {
    const sample = this.#sampleOf(pod.uid);
    return sample === undefined ? pod : { ...pod, sample };
  };

  async look(pod: Pod): Promise<readonly Pod[]> {
    // Most looks find the slot free: what the pod will need is on its way meanwhile. letGo awaits it, and reports.
    this.#bringCargo(pod).catch(() => undefined);
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
    const [full] = await Promise.all([this.#whole(run), this.#cargo.bringRunner(run.namespace)]);
    const body = planJob(full, { attempt, runnerConfigMap: this.#cargo.runnerConfigMap, defaults: this.#defaults });
    const job = await this.#createJob(run, body);
    this.#caches.jobs.put(job.uid, job);
  }

  async record(run: Run, status: ClaudeRunStatus): Promise<void> {
    const metadata = { name: run.name, namespace: run.namespace, uid: run.uid, resourceVersion: run.resourceVersion };
    const body = { apiVersion: apiVersion, kind: kind, metadata, status };
    const written = await this.#transport.request("PUT", `${object("run", run)}/status`, { body });
    if (written === undefined) throw new ConflictError(`run ${run.namespace}/${run.name} is gone`);
    this.#caches.runs.put(run.uid, this.#caches.readRun(written));
  }

  async markLogsGone(run: Run): Promise<void> {
    const { body, patchType } = logsGone(run, this.#transport.now());
    await this.#transport.request("PATCH", `${object("run", run)}/status`, { body, patchType, answer: "ignored" });
    this.#caches.forgetGonePod(run.status.pod?.uid);
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
    await this.#transport.request("DELETE", object(kindOf(thing), thing), { body, answer: "ignored" });
  }

  announce(run: Run, announcement: Announcement): void {
    const at = { nowMs: this.#transport.now(), instance: this.#instance };
    const { path, body } = eventAbout(run, announcement, at);
    this.#transport.request("POST", path, { body, answer: "ignored" }).catch((error: unknown) => {
      this.#log.warn({ namespace: run.namespace, run: run.name, err: error }, "an Event could not be recorded");
    });
  }

  async explain(thing: Job | Pod): Promise<Warning | undefined> {
    const { path, query } = warningsAbout(thing);
    const warning = newestWarning(await this.#transport.request("GET", path, { query }));
    if (warning?.message.includes(this.#cargo.runnerConfigMap) === true) await this.#bringRunnerAgain(thing.namespace);
    return warning;
  }

  /** Somebody deleted the runner's ConfigMap from under a pod that waits for it. */
  async #bringRunnerAgain(namespace: string): Promise<void> {
    this.#cargo.forgetRunner(namespace);
    await this.#cargo.bringRunner(namespace);
  }

  async exists(kind: "run" | "job" | "pod", id: Identity): Promise<boolean> {
    const found = (await this.#transport.request("GET", object(kind, id))) as
      { metadata?: { uid?: string; deletionTimestamp?: string } } | undefined;
    if (found?.metadata?.uid !== id.uid) return false;
    if (kind === "job") return found.metadata.deletionTimestamp === undefined;
    const pod = kind === "pod" ? readPod(found) : undefined;
    if (pod !== undefined) this.#caches.pods.put(pod.uid, pod);
    return true;
  }

  /** The whole run: as the watch has just brought it, or as it is stored. Specs are not kept for longer. */
  async #whole(run: Identity): Promise<ClaudeRun> {
    const fresh = this.#caches.fresh(run.uid);
    return fresh === undefined ? this.#read(run) : this.#judge.judge(fresh);
  }

  /** The whole run as it is stored. */
  async #read(run: Identity): Promise<ClaudeRun> {
    const found = (await this.#transport.request("GET", object("run", run))) as ClaudeRun | undefined;
    if (found?.metadata.uid !== run.uid) throw new ConflictError(`run ${run.namespace}/${run.name} is gone`);
    return this.#judge.judge(found);
  }

  async #createJob(run: Run, body: ReturnType<typeof planJob>): Promise<Job> {
    const name = body.metadata?.name ?? "";
    try {
      const created = parseJob(await this.#transport.request("POST", collection("job", run.namespace), { body }));
      if (created === undefined) throw new ConflictError(`namespace ${run.namespace} is gone`);
      return created;
    } catch (error) {
      if (!(error instanceof RefusedError) || error.reason !== "AlreadyExists") throw error;
      const there = await this.#transport.request("GET", object("job", { namespace: run.namespace, name }));
      if (there === undefined) throw new ConflictError(`Job ${run.namespace}/${name} was going away: look again`);
      const found = parseJob(there);
      if (found?.runUid === run.uid) return found;
      const message = `a Job ${name} that is not this run's exists: delete it (its annotation ${annotations.runUid} should be ${run.uid})`;
      throw new RefusedError(message, { code: 422, reason: "Invalid", cause: error });
    }
  }

  #bringCargo({ namespace, runName: name, runUid: uid, attempt, jobUid }: Pod): Promise<void> {
    const owner = jobUid === undefined ? {} : { jobUid };
    return this.#cargo.load({ uid: jobUid ?? uid, attempt }, async () => {
      const id = { namespace, name, uid };
      // What a later attempt is given stands in the status: only the stored run has it for sure.
      const run = await (attempt === 1 ? this.#whole(id) : this.#read(id));
      return planCargo(run, { attempt, ...owner, defaults: this.#defaults });
    });
  }

  async #letPodGo(pod: Pod): Promise<void> {
    if (this.#letGo.has(pod.uid)) return;
    await this.#bringCargo(pod);
    const cached = this.#caches.pods.get(pod.uid);
    if (cached === undefined) throw new ConflictError(`pod ${pod.namespace}/${pod.name} is gone`);
    await this.#patch(pod, ungating(cached));
    this.#letGo.add(pod.uid);
    this.#caches.forgetFresh(pod.runUid);
  }

  async #release(pod: Pod): Promise<void> {
    if (this.#released.has(pod.uid)) return;
    await this.#patch(pod, releasing(pod));
    this.#released.add(pod.uid);
  }

  /**
   * What runs is ended by the kubelet for its deadline, which keeps pod and log. What does not run yet has no log to
   * keep: it is deleted, as nobody would end it without a node, and a kubelet that waits for a volume only after minutes.
   */
  async #stop(pod: Pod, stop: Stop): Promise<void> {
    const byDeadline = pod.container.kind === "running";
    await this.#patch(pod, stopping(pod, stop, { byDeadline }));
    if (!byDeadline) await this.remove(pod);
  }

  async #patch(pod: Pod, { body, patchType }: Patch): Promise<void> {
    await this.#transport.request("PATCH", object("pod", pod), { body, patchType, answer: "ignored" });
  }
}

function kindOf(thing: Run | Job | Pod): Kind {
  if ("spec" in thing) return "run";
  return "gated" in thing ? "pod" : "job";
}
