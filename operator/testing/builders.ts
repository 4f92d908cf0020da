/** Runs, Jobs and pods for tables of sentences: aRun("a", { age: 20 }), aPod(run).running(). */
import type { ClaudeRunStatus } from "../../crds/claude-run.ts";
import { agentKey, type Job, type Observed, type Pod, type Run, type Settings, type Stop } from "../domain.ts";
import type { RunReport } from "../../runner/contract.ts";

/** When every table is read. */
export const nowMs = Date.parse("2026-01-01T12:00:00Z");

interface RunFacts extends Partial<Run["spec"]> {
  /** Seconds since its creation. */
  readonly age?: number;
  readonly status?: ClaudeRunStatus;
  readonly deleting?: boolean;
}

/** A run of agent "reviewer", queued and a minute old unless said otherwise. */
export function aRun(name: string, { age = 60, status = {}, deleting = false, ...spec }: RunFacts = {}): Run {
  return {
    namespace: "team",
    name,
    uid: `uid-${name}`,
    resourceVersion: "1",
    generation: 1,
    createdMs: nowMs - age * 1000,
    deleting,
    spec: {
      agent: "reviewer",
      priority: 0,
      suspend: false,
      cancel: false,
      concurrencyPolicy: "Queue",
      startDeadlineSeconds: 600,
      disruptionRetries: 0,
      ...spec,
    },
    status,
  };
}

/** A run that holds the slot with its pod, admitted so many seconds ago. */
export function anAdmittedRun(name: string, facts: RunFacts & { admittedAgo?: number } = {}): Run {
  const { admittedAgo = 30, status, ...rest } = facts;
  const run = aRun(name, rest);
  return {
    ...run,
    status: {
      phase: "Pending",
      attempt: 1,
      admittedTime: new Date(nowMs - admittedAgo * 1000).toISOString(),
      pod: { name: `${name}-pod`, uid: `pod-of-${name}` },
      job: { name: `${name}-job`, uid: `job-of-${name}` },
      ...status,
    },
  };
}

export function aFinishedRun(name: string, facts: RunFacts & { endedAgo?: number } = {}): Run {
  const { endedAgo = 10, ...rest } = facts;
  const run = anAdmittedRun(name, rest);
  return {
    ...run,
    status: {
      ...run.status,
      phase: "Succeeded",
      observedGeneration: 1,
      completionTime: new Date(nowMs - endedAgo * 1000).toISOString(),
    },
  };
}

/** A run whose first attempt was disrupted so many seconds ago, and that may be tried once more. */
export function aRetriedRun(name: string, facts: RunFacts & { retriedAgo?: number; refused?: string } = {}): Run {
  const { retriedAgo = 5, refused = "Retrying", status, ...rest } = facts;
  const run = aRun(name, { disruptionRetries: 1, ...rest });
  const lastTransitionTime = new Date(nowMs - retriedAgo * 1000).toISOString();
  const waits = { type: "PodScheduled", status: "False", reason: refused, message: "" } as const;
  return {
    ...run,
    status: {
      phase: "Pending",
      attempt: 2,
      admittedTime: new Date(nowMs - 50_000).toISOString(),
      session: { id: "3f6c" },
      result: { turns: 2, costUSD: "0.0012" },
      conditions: [{ ...waits, lastTransitionTime }],
      ...status,
    },
  };
}

export function aJob(run: Run, facts: Partial<Job> = {}): Job {
  const { namespace, name, uid, spec } = run;
  return {
    namespace,
    name: `${name}-job`,
    uid: `job-of-${name}`,
    resourceVersion: "2",
    agent: spec.agent,
    runName: name,
    runUid: uid,
    attempt: 1,
    createdMs: run.createdMs,
    deleting: false,
    finished: false,
    ...facts,
  };
}

/** The run's pod as the Job controller makes it: gated. */
export function aPod(run: Run, facts: Partial<Pod> = {}): Pod {
  const { namespace, name, uid, spec } = run;
  return {
    namespace,
    name: `${name}-pod`,
    uid: `pod-of-${name}`,
    resourceVersion: "3",
    agent: spec.agent,
    runName: name,
    runUid: uid,
    attempt: 1,
    jobName: `${name}-job`,
    jobUid: `job-of-${name}`,
    priority: spec.priority,
    createdMs: run.createdMs,
    gated: true,
    held: false,
    deleting: false,
    phase: "Pending",
    container: { kind: "unknown" },
    ...facts,
  };
}

/** Let go, and on a node. */
export function aPodOnNode(run: Run, facts: Partial<Pod> = {}): Pod {
  return aPod(run, { gated: false, held: true, node: "node-1", scheduled: { done: true }, ...facts });
}

export function aRunningPod(run: Run, facts: Partial<Pod> = {}): Pod {
  return aPodOnNode(run, { phase: "Running", container: { kind: "running", startedMs: nowMs - 5_000 }, ...facts });
}

interface EndFacts {
  readonly report?: Partial<RunReport> | string;
  readonly exitCode?: number;
  readonly reason?: string;
  readonly pod?: Partial<Pod>;
}

/** Over, with what the runner left in the termination message. */
export function anEndedPod(run: Run, { report, exitCode = 0, reason, pod = {} }: EndFacts = {}): Pod {
  const message =
    typeof report === "string" ? report : report === undefined ? undefined : JSON.stringify(aReport(report));
  return aPodOnNode(run, {
    phase: exitCode === 0 ? "Succeeded" : "Failed",
    container: {
      kind: "terminated",
      exitCode,
      startedMs: nowMs - 9_000,
      finishedMs: nowMs - 2_000,
      ...(reason === undefined ? {} : { reason }),
      ...(message === undefined ? {} : { message }),
    },
    ...pod,
  });
}

/** A good end, unless said otherwise. */
export function aReport(facts: Partial<RunReport> = {}): RunReport {
  return {
    v: 1,
    complete: true,
    reason: "Completed",
    message: "claude completed in 2 turns",
    result: { turns: 2, costUSD: "0.0012", exitCode: 0 },
    session: { id: "3f6c" },
    log: { lines: 4, bytes: 400, sha256: "a".repeat(64) },
    ...facts,
  };
}

interface ObservedFacts {
  readonly runs?: Run[];
  readonly jobs?: Job[];
  readonly pods?: Pod[];
  readonly admission?: boolean;
  readonly settings?: Partial<Settings>;
  readonly gonePods?: ReadonlySet<string>;
  readonly limit?: string;
  readonly lostClients?: ReadonlyMap<string, string>;
}

export function observed({ admission = true, settings = {}, ...facts }: ObservedFacts): Observed {
  const agent = agentKey("team", "reviewer");
  return { agent, nowMs, runs: [], jobs: [], pods: [], settings: { admission, ...settings }, ...facts };
}

export const stopOf = (reason: Stop["reason"], message = "because"): Stop => ({ reason, message });
