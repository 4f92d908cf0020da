/** Tests `act` where no decision table does: the order of admission, and rejections. The simulation tests the rest. */
import { describe, expect, it } from "vitest";
import type { ClaudeRunStatus } from "../crds/claude-run.ts";
import { act, type ActDeps } from "./act.ts";
import type { Cluster } from "./cluster.ts";
import { finished } from "./decide/ended-status.ts";
import * as status from "./decide/status.ts";
import type { Pod } from "./domain.ts";
import { EventBudget } from "./event-budget.ts";
import {
  AnswerTooLargeError,
  ConflictError,
  InvalidSpecError,
  NamespaceTerminatingError,
  OutdatedPodError,
  RejectedError,
} from "./errors.ts";
import { RateLimiter } from "./rate-limiter.ts";
import { StatusWriter } from "./status-writer.ts";
import { StatusDebouncer } from "./status-debouncer.ts";
import {
  aJob,
  anAdmittedRun,
  anEndedPod,
  aPod,
  aRetriedRun,
  aRun,
  aRunningPod,
  nowMs,
  observed,
} from "./testing/builders.ts";
import { outcome, startFailure } from "./decide/outcome.ts";
import { parseRejection } from "./decide/rejection.ts";

/** Records the calls, and answers as the test sets it up. */
class RecordingCluster implements Cluster {
  readonly calls: string[] = [];
  readonly written: ClaudeRunStatus[] = [];
  readonly events: string[] = [];
  readonly stops: unknown[] = [];
  listed: readonly Pod[] = [];
  event: { reason: string; message: string } | undefined = { reason: "FailedMount", message: 'secret "x" not found' };
  missing: readonly string[] = [];
  errors: Partial<Record<string, Error>> = {};

  observe(): never {
    throw new Error("act does not observe");
  }
  lostClients(): never {
    throw new Error("act does not observe");
  }
  listActivePods(): Promise<readonly Pod[]> {
    return this.#do("listActivePods", this.listed);
  }
  prepareConfigMaps(): Promise<void> {
    return this.#do("prepareConfigMaps", undefined);
  }
  createJob(): Promise<void> {
    return this.#do("createJob", undefined);
  }
  updateStatus(_: unknown, next: ClaudeRunStatus): Promise<void> {
    this.written.push(next);
    return this.#do(`updateStatus ${next.result === undefined ? "bare " : ""}${next.phase ?? ""}`, undefined);
  }
  markLogsUnavailable(): Promise<void> {
    return this.#do("markLogsUnavailable", undefined);
  }
  ungate(pod: Pod): Promise<void> {
    return this.#do(`ungate ${pod.name}`, undefined);
  }
  removeFinalizer(pod: Pod): Promise<void> {
    return this.#do(`removeFinalizer ${pod.name}`, undefined);
  }
  endSidecars(pod: Pod): Promise<void> {
    return this.#do(`endSidecars ${pod.name}`, undefined);
  }
  stop(pod: Pod, stop: unknown): Promise<void> {
    this.stops.push(stop);
    return this.#do(`stop ${pod.name}`, undefined);
  }
  delete(thing: { name: string }, options?: { ifUnchanged: boolean }): Promise<void> {
    return this.#do(`delete ${thing.name}${options?.ifUnchanged === true ? " if unchanged" : ""}`, undefined);
  }
  recordEvent(_: unknown, { type, reason }: { type: string; reason: string }): void {
    this.events.push(`${type} ${reason}`);
  }
  latestWarning(): Promise<{ reason: string; message: string } | undefined> {
    return this.#do("latestWarning", this.event);
  }
  ensureConfigMap(_: Pod, role: string): Promise<boolean> {
    return this.#do(`ensureConfigMap ${role}`, !this.missing.includes(role));
  }
  restoreLabels(pod: Pod): Promise<void> {
    return this.#do(`restoreLabels ${pod.name}`, undefined);
  }
  restoreAdmittedPod(): Promise<boolean> {
    return this.#do("restoreAdmittedPod", !this.missing.includes("pod"));
  }

  confirmExists(kind: string): Promise<boolean> {
    return this.#do(`confirmExists ${kind}`, !this.missing.includes(kind));
  }

  #do<T>(call: string, answer: T): Promise<T> {
    this.calls.push(call);
    const rejection = this.errors[call];
    return rejection === undefined ? Promise.resolve(answer) : Promise.reject(rejection);
  }
}

function setUp(debounceMs = 0): { cluster: RecordingCluster; deps: ActDeps } {
  const cluster = new RecordingCluster();
  const log = { info: () => undefined, error: () => undefined };
  const rateLimiter = new RateLimiter({ everyMs: 60_000, perSecond: 10, random: () => 0.5 });
  const debouncer = new StatusDebouncer(debounceMs);
  return { cluster, deps: { cluster, statusWriter: new StatusWriter({ cluster, rateLimiter, debouncer, log }), log } };
}

const run = aRun("a");
const pod = aPod(run);
const world = observed({ runs: [run], pods: [pod] });
const admit = { do: "admit", run, pod, status: status.admitted(run, pod, nowMs) } as const;

describe("act", () => {
  it("admits in the order of the proof: list, compare-and-swap, ungate", async () => {
    const { cluster, deps } = setUp();
    await act(admit, world, deps);
    expect(cluster.calls).toEqual(["listActivePods", "prepareConfigMaps", "updateStatus bare Pending", "ungate a-pod"]);
  });

  it("deletes a pod that another version created, and its Job, before it admits the run", async () => {
    const { cluster, deps } = setUp();
    cluster.errors["prepareConfigMaps"] = new OutdatedPodError("another version");
    await expect(act(admit, { ...world, jobs: [aJob(run)] }, deps)).rejects.toThrow(ConflictError);
    expect(cluster.calls).toEqual(["listActivePods", "prepareConfigMaps", "delete a-pod if unchanged", "delete a-job"]);
    expect(cluster.written).toEqual([]);
  });

  it("stops the gated pod of an admitted run if another version created it", async () => {
    const { cluster, deps } = setUp();
    cluster.errors["ungate a-pod"] = new OutdatedPodError("another version");
    await act({ do: "ungate", run: anAdmittedRun("a"), pod }, world, deps);
    expect(cluster.calls).toEqual(["ungate a-pod", "stop a-pod"]);
    expect(cluster.stops).toMatchObject([{ reason: "RunnerChanged" }]);
  });

  it("does not ungate if another writer changed the status first", async () => {
    const { cluster, deps } = setUp();
    cluster.errors["updateStatus bare Pending"] = new ConflictError("changed");
    await expect(act(admit, world, deps)).rejects.toThrow(ConflictError);
    expect(cluster.calls).not.toContain("ungate a-pod");
  });

  it.each([
    ["the watch still shows", { pods: [pod, aRunningPod(aRun("b"))] }],
    ["left the watch", { leftPods: [aRunningPod(aRun("b"))] }],
    ["that left the watch while it was gated", { leftPods: [aPod(aRun("b"))] }],
  ])("waits for a pod that is not in the list, and %s", async (_, extra) => {
    const { cluster, deps } = setUp();
    await act(admit, { ...world, ...extra }, deps);
    expect(cluster.calls).toEqual(["listActivePods", "prepareConfigMaps", "updateStatus bare Queued"]);
  });

  it("requeues at once after it restored the labels of a left pod", async () => {
    const { cluster, deps } = setUp();
    expect(await act({ do: "restoreLabels", pod }, world, deps)).toBe(0);
    expect(cluster.calls).toEqual(["restoreLabels a-pod"]);
  });

  it("waits while another pod may run, and names pod and node", async () => {
    const { cluster, deps } = setUp();
    cluster.listed = [aRunningPod(aRun("b"))];
    await act(admit, world, deps);
    expect(cluster.calls).toEqual(["listActivePods", "prepareConfigMaps", "updateStatus bare Queued"]);
    const condition = cluster.written[0]?.conditions?.find(({ type }) => type === "Succeeded");
    expect(condition).toMatchObject({
      reason: "PreviousPodNotConfirmed",
      message: expect.stringMatching(/b-pod .*node-1/) as string,
    });
  });

  it.each([
    ["first attempt", run, "updateStatus bare Queued"],
    ["later attempt", aRetriedRun("a"), "updateStatus Pending"],
  ])(
    "a %s waits while the agent's pods are too large to be listed, shows the reason, and retries",
    async (_, waiting, recorded) => {
      const { cluster, deps } = setUp();
      const message =
        "Pods of namespace team are too large to be listed (such as big): delete those that do not belong to a run";
      cluster.errors["listActivePods"] = new AnswerTooLargeError(message);
      expect(await act({ ...admit, run: waiting }, world, deps)).toBe(30_000);
      expect(cluster.calls).toEqual(["listActivePods", "prepareConfigMaps", recorded]);
      const conditions = cluster.written[0]?.conditions;
      expect(conditions).toContainEqual(expect.objectContaining({ reason: "PreviousPodNotConfirmed", message }));
    },
  );

  it("deletes an unstarted pod before its Job, and only if unchanged", async () => {
    const { cluster, deps } = setUp();
    const job = { name: "a-job" } as never;
    await act({ do: "deleteUnstarted", pod, job }, world, deps);
    expect(cluster.calls).toEqual(["delete a-pod if unchanged", "delete a-job"]);
    cluster.errors["delete a-pod if unchanged"] = new ConflictError("it was ungated");
    cluster.calls.length = 0;
    await expect(act({ do: "deleteUnstarted", pod, job }, world, deps)).rejects.toThrow(ConflictError);
    expect(cluster.calls).toEqual(["delete a-pod if unchanged"]);
  });

  it("does not lose a run whose pod exists and is only missing in the cache", async () => {
    const { cluster, deps } = setUp();
    const holder = anAdmittedRun("a");
    await act(
      { do: "updateStatusAfterPodLoss", run: holder, status: {}, podName: "a-pod", podUid: "pod-of-a" },
      world,
      deps,
    );
    expect(cluster.calls).toEqual(["restoreAdmittedPod"]);
  });

  it("does not record PodDeleted while the cache still shows a deleted Job", async () => {
    const { cluster, deps } = setUp();
    const holder = anAdmittedRun("a");
    const ended = { do: "updateStatus", run: holder, status: { phase: "Failed" }, requiresJob: aJob(holder) } as const;
    cluster.missing = ["job"];
    await expect(act(ended, world, deps)).rejects.toThrow(ConflictError);
    expect(cluster.calls).toEqual(["confirmExists job"]);
    cluster.missing = [];
    await act(ended, world, deps);
    expect(cluster.calls).toEqual(["confirmExists job", "confirmExists job", "updateStatus bare Failed"]);
  });

  it.each([
    [
      "a Job that the API server permanently rejects ends its run",
      new RejectedError("no", { code: 422, reason: "Invalid" }),
      "JobCreateFailed",
    ],
    ["a stored spec that does not parse ends its run", new InvalidSpecError("spec.agent: must be set"), "InvalidSpec"],
  ])("%s", async (_, error, reason) => {
    const { cluster, deps } = setUp();
    cluster.errors["createJob"] = error;
    await act({ do: "createJob", run, attempt: 1 }, world, deps);
    expect(cluster.written[0]?.failure).toMatchObject({
      reason,
      message: expect.stringContaining(error.message) as string,
    });
  });

  it("shows a temporary rejection once it has lasted, and retries", async () => {
    const { cluster, deps } = setUp(1_500);
    const serverMessage = 'jobs.batch "a" is forbidden: exceeded quota: team';
    cluster.errors["createJob"] = new RejectedError(`POST jobs: 403 ${serverMessage}`, {
      code: 403,
      reason: "Forbidden",
      serverMessage,
    });
    const make = { do: "createJob", run, attempt: 1 } as const;
    await expect(act(make, world, deps)).rejects.toThrow(RejectedError);
    expect(cluster.written).toEqual([]);
    await expect(act(make, { ...world, nowMs: nowMs + 1_500 }, deps)).rejects.toThrow(RejectedError);
    expect(cluster.written[0]?.phase).toBe("Queued");
    expect(cluster.written[0]?.conditions).toContainEqual(
      expect.objectContaining({
        type: "PodScheduled",
        status: "False",
        reason: "QuotaExceeded",
        message: serverMessage,
      }),
    );
  });

  it("retries a rejected Job with backoff", async () => {
    const { cluster, deps } = setUp();
    const serverMessage = 'jobs.batch "a" is forbidden: exceeded quota: team';
    cluster.errors["createJob"] = new RejectedError(serverMessage, { code: 403, reason: "Forbidden" });
    for (const [agoMs, delayMs] of [
      [0, 1_000],
      [20_000, 5_000],
      [500_000, 30_000],
    ] as const) {
      const rejected = { ...run, status: status.rejected(run, parseRejection(serverMessage), nowMs - agoMs) };
      expect(await act({ do: "createJob", run: rejected, attempt: 1 }, world, deps)).toBe(delayMs);
    }
    expect(cluster.written).toEqual([]);
  });

  it("shows why an admitted pod cannot be ungated, and fails its run with the same reason", async () => {
    const { cluster, deps } = setUp();
    const serverMessage = 'configmaps "a" is forbidden: exceeded quota: team';
    cluster.errors["ungate a-pod"] = new RejectedError(serverMessage, { code: 403, reason: "Forbidden" });
    const holder = { ...run, status: status.admitted(run, pod, nowMs) };
    await expect(act({ do: "ungate", run: holder, pod }, world, deps)).rejects.toThrow(RejectedError);
    const [written] = cluster.written;
    expect(written?.phase).toBe("Pending");
    const { reason, message } = startFailure({ ...holder, status: written ?? {} }, pod);
    expect(reason).toBe("QuotaExceeded");
    expect(message).toContain(serverMessage);
  });

  it("a permanently rejected pod ends its run with the API server's message", async () => {
    const { cluster, deps } = setUp();
    const message = 'Error creating: pods "a-1" is forbidden: violates PodSecurity "restricted:latest"';
    cluster.event = { reason: "FailedCreate", message };
    const waiting = status.queued(run, { reason: "Admitting", message: "next" }, nowMs);
    await act({ do: "updateStatus", run, status: waiting, isDebounced: true, explainFrom: aJob(run) }, world, deps);
    expect(cluster.written[0]?.failure).toMatchObject({
      reason: "JobCreateFailed",
      message: expect.stringContaining("violates PodSecurity") as string,
    });
  });

  it("keeps a rejection in the status after its Event was deleted", async () => {
    const { cluster, deps } = setUp();
    cluster.event = undefined;
    const rejected = { ...run, status: status.rejected(run, parseRejection("exceeded quota: team"), nowMs) };
    const waiting = status.queued(rejected, { reason: "Admitting", message: "next" }, nowMs);
    await act(
      { do: "updateStatus", run: rejected, status: waiting, isDebounced: true, explainFrom: aJob(run) },
      world,
      deps,
    );
    expect(cluster.written).toEqual([]);
  });

  it("writes nothing in a namespace that is being deleted", async () => {
    const { cluster, deps } = setUp();
    cluster.errors["createJob"] = new NamespaceTerminatingError("being terminated");
    expect(await act({ do: "createJob", run, attempt: 1 }, world, deps)).toBeGreaterThan(0);
    expect(cluster.written).toEqual([]);
  });

  it("records the end without the report if the API server rejects the report", async () => {
    const { cluster, deps } = setUp();
    const holder = anAdmittedRun("a");
    const ended = finished(holder, outcome(holder, anEndedPod(holder, { report: {} }), undefined), nowMs);
    cluster.errors["updateStatus Succeeded"] = new RejectedError("status.result: Invalid", {
      code: 422,
      reason: "Invalid",
    });
    await act({ do: "updateStatus", run: holder, status: ended }, world, deps);
    expect(cluster.calls).toEqual(["updateStatus Succeeded", "updateStatus bare Succeeded"]);
  });

  it("does not write an unchanged status, even if it quotes an Event", async () => {
    const { cluster, deps } = setUp();
    const waiting = status.queued(run, { reason: "Admitting", message: "next" }, nowMs);
    const event = { reason: "FailedMount", message: 'secret "x" not found' };
    const quoted = status.explained(run, waiting, event, nowMs);
    await act({ do: "updateStatus", run: { ...run, status: waiting }, status: waiting }, world, deps);
    await act(
      { do: "updateStatus", run: { ...run, status: quoted }, status: waiting, isDebounced: true, explainFrom: pod },
      world,
      deps,
    );
    expect(cluster.written).toEqual([]);
  });

  it("lists a namespace's Events twice a second at most, in turns, and keeps quotes in between", async () => {
    const { cluster, deps } = setUp();
    const events = new EventBudget();
    const record = (name: string, atMs: number): Promise<unknown> => {
      const waits = aRun(name);
      const written = cluster.written.filter((_, index) => writers[index] === name).at(-1);
      const now = { ...waits, status: written ?? waits.status };
      const waiting = status.queued(waits, { reason: "Admitting", message: "next" }, nowMs);
      writers.push(name);
      const before = cluster.written.length;
      return act(
        { do: "updateStatus", run: now, status: waiting, explainFrom: pod },
        { ...world, nowMs: atMs },
        { ...deps, events },
      ).then(() => cluster.written.length === before && writers.pop());
    };
    const writers: string[] = [];
    const lists = (): number => cluster.calls.filter((each) => each === "latestWarning").length;
    const messages = (): (string | undefined)[] =>
      cluster.written.map(({ conditions }) => conditions?.find(({ type }) => type === "Succeeded")?.message);
    for (const name of ["a", "b", "c", "d"]) await record(name, nowMs);
    expect(lists()).toBe(1);
    expect(messages()).toEqual(['secret "x" not found', "next", "next", "next"]);
    await record("a", nowMs + 1);
    expect([lists(), cluster.written.length]).toEqual([1, 4]);
    await record("c", nowMs + 1_000);
    expect(lists()).toBe(2);
    expect(messages().at(-1)).toBe('secret "x" not found');
  });

  it.each([
    ["runner", 'MountVolume.SetUp failed for volume "claude-run-runner" : configmap "r" not found'],
    ["run", 'MountVolume.SetUp failed for volume "claude-run-config" : configmap "a-1" not found'],
  ])("creates a missing %s ConfigMap, and stops the pod if that is not possible", async (role, message) => {
    const waiting = status.queued(run, { reason: "Admitting", message: "next" }, nowMs);
    const decision = { do: "updateStatus", run, status: waiting, isDebounced: true, explainFrom: pod } as const;
    const created = setUp();
    created.cluster.event = { reason: "FailedMount", message };
    await act(decision, world, created.deps);
    expect(created.cluster.calls).toEqual(["latestWarning", `ensureConfigMap ${role}`, "updateStatus bare Queued"]);
    const lost = setUp();
    lost.cluster.event = { reason: "FailedMount", message };
    lost.cluster.missing = [role];
    await act(decision, world, lost.deps);
    expect(lost.cluster.calls).toEqual(["latestWarning", `ensureConfigMap ${role}`, "stop a-pod"]);
    expect(lost.cluster.stops).toMatchObject([{ reason: "RunnerChanged" }]);
  });

  it("polls Events with backoff, up to every 30 seconds", async () => {
    const waiting = status.queued(run, { reason: "Admitting", message: "next" }, nowMs);
    const decision = { do: "updateStatus", run, status: waiting, isDebounced: true, explainFrom: pod } as const;
    const after = (waitedMs: number) => act(decision, { ...world, nowMs: pod.createdMs + waitedMs }, setUp().deps);
    const clockBehindMs = -60_000;
    expect(await Promise.all([clockBehindMs, 0, 5_000, 10_000, 300_000].map(after))).toEqual([
      ...[5_000, 5_000, 5_000, 10_000, 30_000],
    ]);
  });

  it("rate-limits a queue position far back, and writes anything else at once", async () => {
    const { cluster, deps } = setUp();
    const at = (position: number, message = "busy") =>
      status.queued(run, { reason: "AgentBusy", message, position }, nowMs);
    const ninth = { ...run, status: at(9) };
    const move = { do: "updateStatus", run: ninth, status: at(8), isRateLimited: true } as const;
    expect(await act(move, world, deps)).toBe(30_000);
    await act(move, { ...world, nowMs: nowMs + 30_000 }, deps);
    await act({ ...move, status: at(7, "paused") }, { ...world, nowMs: nowMs + 30_001 }, deps);
    expect(cluster.written.map(({ queuePosition }) => queuePosition)).toEqual([8, 7]);
  });

  it("rate-limits the write that a log was deleted", async () => {
    const { cluster, deps } = setUp();
    const decision = { do: "markLogsUnavailable", run: { ...run, logsAt: 3 } } as const;
    expect(await act(decision, world, deps)).toBe(30_000);
    expect(await act(decision, { ...world, nowMs: nowMs + 30_000 }, deps)).toBeUndefined();
    expect(cluster.calls).toEqual(["markLogsUnavailable"]);
  });

  it("records an Event for the end of a wait and of a run, after the status is written", async () => {
    const { cluster, deps } = setUp();
    await act(admit, world, deps);
    expect(cluster.events).toEqual([]);
    const waiting = status.queued(run, { reason: "AgentBusy", message: "behind another" }, nowMs);
    await act({ ...admit, run: { ...run, status: waiting } }, world, deps);
    const holder = anAdmittedRun("a");
    const ended = finished(holder, outcome(holder, anEndedPod(holder, { exitCode: 1 }), undefined), nowMs);
    await act({ do: "updateStatus", run: holder, status: ended }, world, deps);
    expect(cluster.events).toEqual(["Normal Admitted", "Warning ResultUnreadable"]);
  });

  it("debounces a state, and then quotes Events", async () => {
    const { cluster, deps } = setUp(1_500);
    const waiting = status.queued(run, { reason: "Admitting", message: "next" }, nowMs);
    const decision = { do: "updateStatus", run, status: waiting, isDebounced: true, explainFrom: pod } as const;
    expect(await act(decision, world, deps)).toBe(1_500);
    expect(cluster.calls).toEqual([]);
    await act(decision, { ...world, nowMs: nowMs + 1_500 }, deps);
    expect(cluster.calls).toEqual(["latestWarning", "updateStatus bare Queued"]);
    expect(cluster.written[0]?.conditions?.find(({ type }) => type === "Succeeded")).toMatchObject({
      reason: "Admitting",
      message: 'secret "x" not found',
    });
  });
});
