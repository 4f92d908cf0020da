/** Runs, Jobs and pods for tests: aRun("a", { age: 20 }), aRunningPod(run). */
import type { ClaudeRunStatus } from "../../crds/claude-run.ts";
import { agentKey, type Job, type Observed, type Pod, type Run, type Settings, type Stop } from "../domain.ts";
import type { RunReport } from "../../runner/contract.ts";

/** The time at which all tables are evaluated. */
export const nowMs = Date.parse("2026-01-01T12:00:00Z");

interface RunFacts extends Partial<Run["spec"]> {
  /** Seconds since its creation. */
  readonly age?: number;
  readonly status?: ClaudeRunStatus;
  readonly isDeleting?: boolean;
}

/** A run of agent "reviewer", by default queued and a minute old. */
export function aRun(name: string, { age = 60, status = {}, isDeleting = false, ...spec }: RunFacts = {}): Run {
  return {
    kind: "run",
    namespace: "team",
    name,
    uid: `uid-${name}`,
    resourceVersion: "1",
    generation: 1,
    createdMs: nowMs - age * 1000,
    isDeleting,
    spec: {
      agent: "reviewer",
      priority: 0,
      suspend: false,
      cancel: false,
      concurrencyPolicy: "Queue",
      startDeadlineSeconds: 600,
      disruptionRetries: 0,
      sidecarGraceSeconds: 30,
      ...spec,
    },
    status,
  };
}

/** A run that holds the slot with its pod, admitted `admittedAgo` seconds ago. */
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

/** A run whose first attempt was disrupted `retriedAgo` seconds ago, and that has one retry. */
export function aRetriedRun(name: string, facts: RunFacts & { retriedAgo?: number; rejection?: string } = {}): Run {
  const { retriedAgo = 5, rejection = "Retrying", status, ...rest } = facts;
  const run = aRun(name, { disruptionRetries: 1, ...rest });
  const lastTransitionTime = new Date(nowMs - retriedAgo * 1000).toISOString();
  const condition = { type: "PodScheduled", status: "False", reason: rejection, message: "" } as const;
  return {
    ...run,
    status: {
      phase: "Pending",
      attempt: 2,
      admittedTime: new Date(nowMs - 50_000).toISOString(),
      session: { id: "3f6c" },
      result: { turns: 2, costUSD: "0.0012" },
      conditions: [{ ...condition, lastTransitionTime }],
      ...status,
    },
  };
}

export function aJob(run: Run, facts: Partial<Job> = {}): Job {
  const { namespace, name, uid, spec } = run;
  return {
    kind: "job",
    namespace,
    name: `${name}-job`,
    uid: `job-of-${name}`,
    resourceVersion: "2",
    agent: spec.agent,
    runName: name,
    runUid: uid,
    attempt: 1,
    createdMs: run.createdMs,
    isDeleting: false,
    isFinished: false,
    ...facts,
  };
}

/** The run's pod as the Job controller creates it: gated. */
export function aPod(run: Run, facts: Partial<Pod> = {}): Pod {
  const { namespace, name, uid, spec } = run;
  return {
    kind: "pod",
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
    isGated: true,
    hasFinalizer: false,
    isDeleting: false,
    phase: "Pending",
    container: { kind: "unknown" },
    ...facts,
  };
}

/** An ungated pod on a node. */
export function aPodOnNode(run: Run, facts: Partial<Pod> = {}): Pod {
  return aPod(run, { isGated: false, hasFinalizer: true, node: "node-1", scheduled: { done: true }, ...facts });
}

export function aRunningPod(run: Run, facts: Partial<Pod> = {}): Pod {
  return aPodOnNode(run, { phase: "Running", container: { kind: "running", startedMs: nowMs - 5_000 }, ...facts });
}

/** A pod whose claude ended two seconds ago, while an injected container still runs. */
export function aLingeringPod(run: Run, facts: EndFacts = {}): Pod {
  const ended = anEndedPod(run, facts);
  return { ...ended, phase: "Running", openContainers: ["mesh-proxy"], ...facts.pod };
}

interface EndFacts {
  readonly report?: Partial<RunReport> | string;
  readonly exitCode?: number;
  readonly reason?: string;
  readonly pod?: Partial<Pod>;
}

/** An ended pod with the runner's termination message. */
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

/** By default a report of success. */
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
  readonly deletedPods?: ReadonlySet<string>;
  readonly limit?: string;
  readonly lostClients?: ReadonlyMap<string, string>;
  readonly catchUpUntilMs?: number;
}

export function observed({ admission = true, settings = {}, ...facts }: ObservedFacts): Observed {
  const agent = agentKey("team", "reviewer");
  return { agent, nowMs, runs: [], jobs: [], pods: [], settings: { admission, ...settings }, ...facts };
}

export const stopOf = (reason: Stop["reason"], message = "because"): Stop => ({ reason, message });
