/** Implements Cluster with an API server. It reads the caches, and sends requests where the state must be current. */
import type { ClaudeRunStatus } from "../../crds/claude-run.ts";
import { apiVersion, kind } from "../../crds/names.ts";
import type { Cluster } from "../cluster.ts";
import {
  attemptOf,
  type AgentKey,
  type RunEvent,
  type Job,
  type Observed,
  type Pod,
  type Run,
  type Sample,
  type Stop,
} from "../domain.ts";
import type { ConfigMapRole } from "../decide/missing-config-map.ts";
import { AnswerTooLargeError, ConflictError, OutdatedPodError } from "../errors.ts";
import type { Log } from "../log.ts";
import { planRunConfigMap } from "../plan/run-config-map.ts";
import { planJob, type PodDefaults } from "../plan/job.ts";
import { digestsOf } from "../plan/verified-start.ts";
import { listActivePods } from "./active-pods.ts";
import { AttemptJobs } from "./attempt-jobs.ts";
import type { Caches } from "./caches.ts";
import { RunConfigMaps } from "./run-config-maps.ts";
import type { ClientLeases } from "./client-leases.ts";
import { EventRecorder, type EventSubject } from "./event-recorder.ts";
import { newestWarning, warningsAbout, type Warning } from "./events.ts";
import { parsePod, readPod } from "./parse-pod.ts";
import { PodConfigMaps } from "./pod-config-maps.ts";
import { PodLabels } from "./pod-labels.ts";
import { Expectations } from "./expectations.ts";
import { endingSidecars, logsUnavailable, removingFinalizer, stopping, ungating, type Patch } from "./patches.ts";
import { object } from "./paths.ts";
import type { Transport } from "./transport.ts";
import { WholeRuns } from "./whole-runs.ts";

export interface KubernetesClusterOptions {
  readonly transport: Transport;
  readonly caches: Caches;
  readonly clients: ClientLeases;
  /** The bundled runner's source. */
  readonly runner: string;
  readonly defaults: PodDefaults;
  readonly log: Log;
  /** Returns the newest sample of a running pod, by uid. */
  readonly sampleOf: (uid: string) => Sample | undefined;
}

interface Identity {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** After an outage deadlines are extended by this time, because the caches may lack events that happened in time. */
const catchUpMs = 30_000;
/** Time until the watch shows a removed gate or finalizer; within it the patch is not repeated. */
const expectationMs = 5_000;

export class KubernetesCluster implements Cluster {
  readonly #transport: Transport;
  readonly #defaults: PodDefaults;
  readonly #runConfigMaps: RunConfigMaps;
  readonly #configMaps: PodConfigMaps;
  readonly #runs: WholeRuns;
  readonly #recorder: EventRecorder;
  readonly #podLabels: PodLabels;
  readonly #jobs: AttemptJobs;
  readonly #caches: Caches;
  readonly #clients: ClientLeases;
  readonly #log: Log;
  readonly #sampleOf: (uid: string) => Sample | undefined;
  readonly #ungated = new Expectations(expectationMs);
  readonly #finalizerRemoved = new Expectations(expectationMs);

  constructor({ transport, runner, defaults, caches, clients, log, sampleOf }: KubernetesClusterOptions) {
    this.#sampleOf = sampleOf;
    this.#log = log;
    this.#transport = transport;
    this.#defaults = defaults;
    this.#caches = caches;
    this.#clients = clients;
    this.#runs = new WholeRuns({ transport, caches, defaults: defaults.spec });
    this.#recorder = new EventRecorder(transport, log);
    this.#jobs = new AttemptJobs({ transport, caches });
    this.#podLabels = new PodLabels({ transport, recorder: this.#recorder, log });
    this.#runConfigMaps = new RunConfigMaps(transport, runner, {
      log,
      onReplaced: (run, name) => {
        const note = `ConfigMap ${name} was not created by the operator. It was deleted, and is created again.`;
        this.#recorder.warnOfChange(run, "ConfigMapReplaced", note);
      },
    });
    this.#configMaps = new PodConfigMaps({ runConfigMaps: this.#runConfigMaps, runs: this.#runs, defaults });
  }

  observe(agent: AgentKey): ReturnType<Cluster["observe"]> {
    const { runs, jobs, pods, leftPods, deletedPods } = this.#caches;
    return {
      runs: runs.ofAgent(agent),
      jobs: jobs.ofAgent(agent),
      pods: pods.ofAgent(agent).map(this.#sampled),
      leftPods: leftPods.ofAgent(agent),
      deletedPods,
      ...this.#catchUp(),
    };
  }

  /** After an outage kubelets report within seconds, or within 30 s if their connection was lost. */
  #catchUp(): Pick<Observed, "catchUpUntilMs"> {
    const leftMs = catchUpMs - this.#transport.outages.sinceMs;
    return leftMs <= 0 ? {} : { catchUpUntilMs: this.#transport.now() + leftMs };
  }

  lostClients(agent: AgentKey, runs: readonly Run[]): ReadonlyMap<string, string> {
    return this.#clients.lost(agent, runs);
  }

  readonly #sampled = (pod: Pod): Pod => {
    const sample = this.#sampleOf(pod.uid);
    return sample === undefined ? pod : { ...pod, sample };
  };

  listActivePods(pod: Pod): Promise<readonly Pod[]> {
    return listActivePods(this.#transport, pod);
  }

  async prepareConfigMaps(pod: Pod): Promise<void> {
    // Ungate returns errors of the request.
    const isRequired = await this.#configMaps.begin(pod).isRequired.catch(() => true);
    if (!isRequired) throw new OutdatedPodError(`pod ${pod.namespace}/${pod.name} was created by another version`);
  }

  async createJob(run: Run, attempt: number): Promise<void> {
    const { namespace, name: runName, uid: runUid } = run;
    const [full] = await Promise.all([
      this.#runs.forJob(run, attempt),
      this.#runConfigMaps.ensureRunnerConfigMap({ namespace, runName, runUid }),
    ]);
    const { runnerConfigMap, runnerDigest } = this.#runConfigMaps;
    const defaults = this.#defaults;
    const runDigests = digestsOf(planRunConfigMap(full, { attempt, defaults }).data);
    const body = planJob(full, { attempt, runnerConfigMap, runnerDigest, runDigests, defaults });
    await this.#jobs.create(run, body);
  }

  async updateStatus(run: Run, status: ClaudeRunStatus): Promise<void> {
    const metadata = { name: run.name, namespace: run.namespace, uid: run.uid, resourceVersion: run.resourceVersion };
    const body = { apiVersion: apiVersion, kind: kind, metadata, status };
    const written = await this.#transport.request("PUT", `${object("run", run)}/status`, { body });
    if (written === undefined) throw new ConflictError(`run ${run.namespace}/${run.name} was deleted`);
    this.#caches.runs.put(run.uid, this.#caches.readRun(written));
    if (status.failure?.reason === "RunnerChanged") this.#runConfigMaps.forgetRunner(run.namespace);
  }

  async markLogsUnavailable(run: Run): Promise<void> {
    const { body, patchType } = logsUnavailable(run, this.#transport.now());
    await this.#transport.request("PATCH", `${object("run", run)}/status`, { body, patchType, answer: "ignored" });
    this.#caches.forgetDeletedPod(run.status.pod?.uid);
  }

  async delete(
    target: Run | Job | Pod,
    options: { readonly ifUnchanged: boolean } = { ifUnchanged: false },
  ): Promise<void> {
    const preconditions = {
      uid: target.uid,
      ...(options.ifUnchanged ? { resourceVersion: target.resourceVersion } : {}),
    };
    const body = { propagationPolicy: "Background", preconditions };
    await this.#transport.request("DELETE", object(target.kind, target), { body, answer: "ignored" });
  }

  recordEvent(run: EventSubject, event: RunEvent): void {
    this.#recorder.record(run, event);
  }

  async latestWarning(target: Job | Pod): Promise<Warning | undefined> {
    const { path, query } = warningsAbout(target);
    const events = await this.#transport.request("GET", path, { query }).catch((error: unknown) => {
      if (!(error instanceof AnswerTooLargeError)) throw error;
      // Events only explain a wait: the status can do without them.
      this.#log.warn(
        { namespace: target.namespace, object: target.name, err: error },
        "failed to read Events, the list is too large",
      );
      return undefined;
    });
    return newestWarning(events);
  }

  ensureConfigMap(pod: Pod, role: ConfigMapRole): Promise<boolean> {
    return this.#configMaps.ensure(pod, role);
  }

  async restoreAdmittedPod(run: Run, pod: { readonly name: string; readonly uid: string }): Promise<boolean> {
    const of = { agent: run.spec.agent, runName: run.name, runUid: run.uid, attempt: attemptOf(run) };
    const found = await this.#podLabels.find(of, { ...pod, namespace: run.namespace });
    const parsed = found === undefined ? undefined : readPod(found);
    this.#caches.leftPods.forget(pod.uid);
    if (parsed !== undefined) this.#caches.pods.put(parsed.uid, parsed);
    return found !== undefined;
  }

  async restoreLabels(pod: Pod): Promise<void> {
    const found = await this.#podLabels.find(pod, pod);
    this.#caches.leftPods.forget(pod.uid);
    if (found !== undefined) this.#caches.pods.put(pod.uid, parsePod(found));
  }

  async confirmExists(kind: "run" | "job", id: Identity & Pick<Partial<Job>, "suspended">): Promise<boolean> {
    if (kind === "job") return this.#jobs.exists(id);
    const found = (await this.#transport.request("GET", object("run", id))) as
      { metadata?: { uid?: string } } | undefined;
    return found?.metadata?.uid === id.uid;
  }

  async ungate(pod: Pod): Promise<void> {
    if (this.#ungated.has(pod.uid)) return;
    await this.#configMaps.both(pod);
    const cached = this.#caches.pods.get(pod.uid);
    if (cached === undefined) throw new ConflictError(`pod ${pod.namespace}/${pod.name} was deleted`);
    await this.#patch(pod, ungating(cached));
    this.#ungated.add(pod.uid);
    this.#caches.dropPendingSpec(pod.runUid);
  }

  async removeFinalizer(pod: Pod): Promise<void> {
    if (this.#finalizerRemoved.has(pod.uid)) return;
    await this.#patch(pod, removingFinalizer(pod));
    this.#finalizerRemoved.add(pod.uid);
  }

  /**
   * The kubelet ends a started pod because of the pod's deadline, which keeps pod and log. A pod that does not run yet
   * has no log and is deleted: without a node no kubelet would end it, and a kubelet that waits for a volume ends it
   * only after minutes.
   */
  async stop(pod: Pod, stop: Stop): Promise<void> {
    const byDeadline = pod.container.kind === "running" || pod.container.kind === "terminated";
    await this.#patch(pod, stopping(pod, stop, { byDeadline }));
    if (!byDeadline) await this.delete(pod);
  }

  endSidecars(pod: Pod): Promise<void> {
    return this.#patch(pod, endingSidecars(pod));
  }

  async #patch(pod: Pod, { body, patchType }: Patch): Promise<void> {
    await this.#transport.request("PATCH", object("pod", pod), { body, patchType, answer: "ignored" });
  }
}
