/** What act does that no table of decisions shows: the order of admission, and refusals. The rest is the simulation's. */
import { describe, expect, it } from "vitest";
import type { ClaudeRunStatus } from "../crds/claude-run.ts";
import { act, type Hands } from "./act.ts";
import type { Cluster } from "./cluster.ts";
import { finished } from "./decide/ended-status.ts";
import * as status from "./decide/status.ts";
import type { Pod } from "./domain.ts";
import { ConflictError, InvalidSpecError, NamespaceTerminatingError, RefusedError } from "./errors.ts";
import { Pace } from "./pace.ts";
import { Patience } from "./patience.ts";
import { aJob, anAdmittedRun, anEndedPod, aPod, aRun, aRunningPod, nowMs, observed } from "./testing/builders.ts";
import { outcome, startFailure } from "./decide/outcome.ts";
import { readRefusal } from "./decide/refusal.ts";

/** A cluster that writes down what it is asked for, and answers as the test says. */
class Scribe implements Cluster {
  readonly asked: string[] = [];
  readonly written: ClaudeRunStatus[] = [];
  readonly announced: string[] = [];
  listed: readonly Pod[] = [];
  event: { reason: string; message: string } | undefined = { reason: "FailedMount", message: 'secret "x" not found' };
  gone: readonly string[] = [];
  refuse: Partial<Record<string, Error>> = {};

  observe(): never {
    throw new Error("act does not observe");
  }
  lostClients(): never {
    throw new Error("act does not observe");
  }
  look(): Promise<readonly Pod[]> {
    return this.#do("look", this.listed);
  }
  make(): Promise<void> {
    return this.#do("make", undefined);
  }
  record(_: unknown, next: ClaudeRunStatus): Promise<void> {
    this.written.push(next);
    return this.#do(`record ${next.result === undefined ? "bare " : ""}${next.phase ?? ""}`, undefined);
  }
  markLogsGone(): Promise<void> {
    return this.#do("markLogsGone", undefined);
  }
  change(pod: Pod, how: unknown): Promise<void> {
    return this.#do(`${typeof how === "string" ? how : "stop"} ${pod.name}`, undefined);
  }
  remove(thing: { name: string }, options?: { ifUnchanged: boolean }): Promise<void> {
    return this.#do(`remove ${thing.name}${options?.ifUnchanged === true ? " if unchanged" : ""}`, undefined);
  }
  announce(_: unknown, { type, reason }: { type: string; reason: string }): void {
    this.announced.push(`${type} ${reason}`);
  }
  explain(): Promise<{ reason: string; message: string } | undefined> {
    return this.#do("explain", this.event);
  }
  exists(kind: string): Promise<boolean> {
    return this.#do(`exists ${kind}`, !this.gone.includes(kind));
  }

  #do<T>(what: string, answer: T): Promise<T> {
    this.asked.push(what);
    const refusal = this.refuse[what];
    return refusal === undefined ? Promise.resolve(answer) : Promise.reject(refusal);
  }
}

function hands(patienceMs = 0): { cluster: Scribe; hands: Hands } {
  const cluster = new Scribe();
  const log = { info: () => undefined, error: () => undefined };
  const pace = new Pace({ everyMs: 60_000, perSecond: 10, random: () => 0.5 });
  return { cluster, hands: { cluster, pace, patience: new Patience(patienceMs), log } };
}

const run = aRun("a");
const pod = aPod(run);
const world = observed({ runs: [run], pods: [pod] });
const admit = { do: "admit", run, pod, status: status.admitted(run, pod, nowMs) } as const;

describe("act", () => {
  it("admits in the order of the proof: look, compare-and-swap, let go", async () => {
    const { cluster, hands: its } = hands();
    await act(admit, world, its);
    expect(cluster.asked).toEqual(["look", "record bare Pending", "letGo a-pod"]);
  });

  it("lets nothing go when somebody else wrote the status first", async () => {
    const { cluster, hands: its } = hands();
    cluster.refuse["record bare Pending"] = new ConflictError("changed");
    await expect(act(admit, world, its)).rejects.toThrow(ConflictError);
    expect(cluster.asked).not.toContain("letGo a-pod");
  });

  it("while another pod may run it waits, and names pod and node", async () => {
    const { cluster, hands: its } = hands();
    cluster.listed = [aRunningPod(aRun("b"))];
    await act(admit, world, its);
    expect(cluster.asked).toEqual(["look", "record bare Queued"]);
    const condition = cluster.written[0]?.conditions?.find(({ type }) => type === "Succeeded");
    expect(condition).toMatchObject({
      reason: "PreviousPodNotConfirmed",
      message: expect.stringMatching(/b-pod .*node-1/) as string,
    });
  });

  it("withdraws the pod before its Job, and only as they were seen", async () => {
    const { cluster, hands: its } = hands();
    const job = { name: "a-job" } as never;
    await act({ do: "withdraw", pod, job }, world, its);
    expect(cluster.asked).toEqual(["remove a-pod if unchanged", "remove a-job"]);
    cluster.refuse["remove a-pod if unchanged"] = new ConflictError("it was let go");
    cluster.asked.length = 0;
    await expect(act({ do: "withdraw", pod, job }, world, its)).rejects.toThrow(ConflictError);
    expect(cluster.asked).toEqual(["remove a-pod if unchanged"]);
  });

  it("does not lose a run whose pod only the cache does not show", async () => {
    const { cluster, hands: its } = hands();
    const holder = anAdmittedRun("a");
    await act({ do: "recordLost", run: holder, status: {}, podName: "a-pod", podUid: "pod-of-a" }, world, its);
    expect(cluster.asked).toEqual(["exists pod"]);
  });

  it("does not blame a pod's deletion on somebody while only the cache still shows its Job", async () => {
    const { cluster, hands: its } = hands();
    const holder = anAdmittedRun("a");
    const ended = { do: "record", run: holder, status: { phase: "Failed" }, ifThere: aJob(holder) } as const;
    cluster.gone = ["job"];
    await expect(act(ended, world, its)).rejects.toThrow(ConflictError);
    expect(cluster.asked).toEqual(["exists job"]);
    cluster.gone = [];
    await act(ended, world, its);
    expect(cluster.asked).toEqual(["exists job", "exists job", "record bare Failed"]);
  });

  it.each([
    [
      "a Job that the API server refuses for good ends its run",
      new RefusedError("no", { code: 422, reason: "Invalid" }),
      "JobCreateFailed",
    ],
    ["a stored spec that does not parse ends its run", new InvalidSpecError("spec.agent: must be set"), "InvalidSpec"],
  ])("%s", async (_, error, reason) => {
    const { cluster, hands: its } = hands();
    cluster.refuse["make"] = error;
    await act({ do: "make", run, attempt: 1 }, world, its);
    expect(cluster.written[0]?.failure).toMatchObject({
      reason,
      message: expect.stringContaining(error.message) as string,
    });
  });

  it("tells of a refusal that may pass once it has lasted, and has the pass tried again", async () => {
    const { cluster, hands: its } = hands(1_500);
    const said = 'jobs.batch "a" is forbidden: exceeded quota: team';
    cluster.refuse["make"] = new RefusedError(`POST jobs: 403 ${said}`, { code: 403, reason: "Forbidden", said });
    const make = { do: "make", run, attempt: 1 } as const;
    await expect(act(make, world, its)).rejects.toThrow(RefusedError);
    expect(cluster.written).toEqual([]);
    await expect(act(make, { ...world, nowMs: nowMs + 1_500 }, its)).rejects.toThrow(RefusedError);
    expect(cluster.written[0]?.phase).toBe("Queued");
    expect(cluster.written[0]?.conditions).toContainEqual(
      expect.objectContaining({ type: "PodScheduled", status: "False", reason: "QuotaExceeded", message: said }),
    );
  });

  it("asks more and more seldom for a Job whose refusal is told", async () => {
    const { cluster, hands: its } = hands();
    const said = 'jobs.batch "a" is forbidden: exceeded quota: team';
    cluster.refuse["make"] = new RefusedError(said, { code: 403, reason: "Forbidden" });
    for (const [agoMs, againMs] of [
      [0, 1_000],
      [20_000, 5_000],
      [500_000, 30_000],
    ] as const) {
      const refused = { ...run, status: status.refused(run, readRefusal(said), nowMs - agoMs) };
      expect(await act({ do: "make", run: refused, attempt: 1 }, world, its)).toBe(againMs);
    }
    expect(cluster.written).toEqual([]);
  });

  it("tells why an admitted pod cannot be let go, and what it ends as", async () => {
    const { cluster, hands: its } = hands();
    const said = 'configmaps "a" is forbidden: exceeded quota: team';
    cluster.refuse["letGo a-pod"] = new RefusedError(said, { code: 403, reason: "Forbidden" });
    const holder = { ...run, status: status.admitted(run, pod, nowMs) };
    await expect(act({ do: "letGo", run: holder, pod }, world, its)).rejects.toThrow(RefusedError);
    const [told] = cluster.written;
    expect(told?.phase).toBe("Pending");
    const { reason, message } = startFailure({ ...holder, status: told ?? {} }, pod);
    expect(reason).toBe("QuotaExceeded");
    expect(message).toContain(said);
  });

  it("a pod that is refused for good ends its run with the API server's words", async () => {
    const { cluster, hands: its } = hands();
    const message = 'Error creating: pods "a-1" is forbidden: violates PodSecurity "restricted:latest"';
    cluster.event = { reason: "FailedCreate", message };
    const waiting = status.queued(run, { reason: "Admitting", message: "next" }, nowMs);
    await act({ do: "record", run, status: waiting, soft: true, about: aJob(run) }, world, its);
    expect(cluster.written[0]?.failure).toMatchObject({
      reason: "JobCreateFailed",
      message: expect.stringContaining("violates PodSecurity") as string,
    });
  });

  it("a refusal outlives the Event that told of it", async () => {
    const { cluster, hands: its } = hands();
    cluster.event = undefined;
    const refused = { ...run, status: status.refused(run, readRefusal("exceeded quota: team"), nowMs) };
    const waiting = status.queued(refused, { reason: "Admitting", message: "next" }, nowMs);
    await act({ do: "record", run: refused, status: waiting, soft: true, about: aJob(run) }, world, its);
    expect(cluster.written).toEqual([]);
  });

  it("leaves a namespace alone that is being deleted", async () => {
    const { cluster, hands: its } = hands();
    cluster.refuse["make"] = new NamespaceTerminatingError("being terminated");
    expect(await act({ do: "make", run, attempt: 1 }, world, its)).toBeGreaterThan(0);
    expect(cluster.written).toEqual([]);
  });

  it("records the end without the report when the API server takes no more", async () => {
    const { cluster, hands: its } = hands();
    const holder = anAdmittedRun("a");
    const ended = finished(holder, outcome(holder, anEndedPod(holder, { report: {} }), undefined), nowMs);
    cluster.refuse["record Succeeded"] = new RefusedError("status.result: Invalid", { code: 422, reason: "Invalid" });
    await act({ do: "record", run: holder, status: ended }, world, its);
    expect(cluster.asked).toEqual(["record Succeeded", "record bare Succeeded"]);
  });

  it("writes nothing that the status says already, an Event's words included", async () => {
    const { cluster, hands: its } = hands();
    const waiting = status.queued(run, { reason: "Admitting", message: "next" }, nowMs);
    const event = { reason: "FailedMount", message: 'secret "x" not found' };
    const quoted = status.explained(run, waiting, event, nowMs);
    await act({ do: "record", run: { ...run, status: waiting }, status: waiting }, world, its);
    await act({ do: "record", run: { ...run, status: quoted }, status: waiting, soft: true, about: pod }, world, its);
    expect(cluster.written).toEqual([]);
  });

  it("asks for Events again when it has waited for twice as long, and every half minute in the end", async () => {
    const waiting = status.queued(run, { reason: "Admitting", message: "next" }, nowMs);
    const decision = { do: "record", run, status: waiting, soft: true, about: pod } as const;
    const after = (waitedMs: number) => act(decision, { ...world, nowMs: pod.createdMs + waitedMs }, hands().hands);
    const clockBehindMs = -60_000;
    expect(await Promise.all([clockBehindMs, 0, 5_000, 10_000, 300_000].map(after))).toEqual([
      ...[5_000, 5_000, 5_000, 10_000, 30_000],
    ]);
  });

  it("writes a place far back in the queue in its own time, anything else at once", async () => {
    const { cluster, hands: its } = hands();
    const at = (position: number, message = "busy") =>
      status.queued(run, { reason: "AgentBusy", message, position }, nowMs);
    const seen = { ...run, status: at(9) };
    const place = { do: "record", run: seen, status: at(8), paced: true } as const;
    expect(await act(place, world, its)).toBe(30_000);
    await act(place, { ...world, nowMs: nowMs + 30_000 }, its);
    await act({ ...place, status: at(7, "paused") }, { ...world, nowMs: nowMs + 30_001 }, its);
    expect(cluster.written.map(({ queuePosition }) => queuePosition)).toEqual([8, 7]);
  });

  it("says in its own time that a log is gone", async () => {
    const { cluster, hands: its } = hands();
    const gone = { do: "markLogsGone", run: { ...run, logsAt: 3 } } as const;
    expect(await act(gone, world, its)).toBe(30_000);
    expect(await act(gone, { ...world, nowMs: nowMs + 30_000 }, its)).toBeUndefined();
    expect(cluster.asked).toEqual(["markLogsGone"]);
  });

  it("announces that a wait is over and how a run ended, once the status is written", async () => {
    const { cluster, hands: its } = hands();
    await act(admit, world, its);
    expect(cluster.announced).toEqual([]);
    const waiting = status.queued(run, { reason: "AgentBusy", message: "behind another" }, nowMs);
    await act({ ...admit, run: { ...run, status: waiting } }, world, its);
    const holder = anAdmittedRun("a");
    const ended = finished(holder, outcome(holder, anEndedPod(holder, { exitCode: 1 }), undefined), nowMs);
    await act({ do: "record", run: holder, status: ended }, world, its);
    expect(cluster.announced).toEqual(["Normal Admitted", "Warning ResultUnreadable"]);
  });

  it("writes a state that may pass only once it has lasted, and then quotes what Events say", async () => {
    const { cluster, hands: its } = hands(1_500);
    const waiting = status.queued(run, { reason: "Admitting", message: "next" }, nowMs);
    const decision = { do: "record", run, status: waiting, soft: true, about: pod } as const;
    expect(await act(decision, world, its)).toBe(1_500);
    expect(cluster.asked).toEqual([]);
    await act(decision, { ...world, nowMs: nowMs + 1_500 }, its);
    expect(cluster.asked).toEqual(["explain", "record bare Queued"]);
    expect(cluster.written[0]?.conditions?.find(({ type }) => type === "Succeeded")).toMatchObject({
      reason: "Admitting",
      message: 'secret "x" not found',
    });
  });
});
