/** The rules of an admitted run: its pod is ungated, or about to be, and holds the agent's slot. */
import { startDeadlineMs } from "../../crds/deadlines.ts";
import { isFinished } from "../../crds/finished.ts";
import { isTerminal, isAdmitted, outlivesClaude, type Job, type Pod, type Stop } from "../domain.ts";
import { isContinued, withAttempts } from "./attempts.ts";
import type { RunContext, Decision, Rule, RuleResult } from "./decision.ts";
import { finished } from "./ended-status.ts";
import { mirror } from "./mirror.ts";
import { cancelMessage, lost, outcome, startFailure, type Outcome } from "./outcome.ts";
import { overdueMs } from "./overdue.ts";
import { replacedBy, replacedStop } from "./replace.ts";
import { isOutcomeKnown, sidecarsEndMs } from "./sidecars.ts";
import * as status from "./status.ts";

/** In order of precedence; none applies to a waiting run. */
export const admittedRules: readonly Rule[] = [
  ["an admitted run whose pod has ended is finished", podEnded],
  [
    "an admitted run whose claude has ended with a complete report is finished, even if other containers run",
    claudeEnded,
  ],
  ["an admitted run whose pod was deleted is lost", podDeleted],
  ["an admitted run that is cancelled is stopped", stopCancelled],
  ["an admitted run whose client is lost is stopped", stopClientLost],
  ["an admitted run that was replaced is stopped", stopReplaced],
  ["an admitted run that does not start in time is stopped", stopUnstarted],
  ["an admitted pod whose claude has ended is ended after the grace of its other containers", endSidecars],
  ["an admitted pod that still has its gate is ungated", finishAdmission],
  ["an admitted run shows its pod", showPod],
];

function podEnded({ run, pod, job, observed }: RunContext): RuleResult | undefined {
  if (!isAdmitted(run) || pod === undefined || !isTerminal(pod)) return undefined;
  const how = outcome(run, pod, job);
  const next = isContinued(run, how)
    ? status.retrying(run, how, observed.nowMs)
    : finished(run, withAttempts(run, how), observed.nowMs);
  // The status is written before the finalizer is removed, so a crash between the two loses nothing. If another run
  // waits, its Job comes first: the next reconcile, which starts at once, creates it and removes the finalizer.
  const isAwaited = observed.runs.some((other) => other.uid !== run.uid && !isFinished(other));
  const release: Decision[] = pod.hasFinalizer && !isAwaited ? [{ do: "removeFinalizer", pod }] : [];
  const record: Decision = { do: "updateStatus", run, status: next, ...requiredJob(how, job) };
  return { decisions: [record, ...release] };
}

/** The pod keeps its finalizer, and with it the slot, until its end; garbage collection removes the finalizer. */
function claudeEnded({ run, pod, job, observed }: RunContext): RuleResult | undefined {
  if (!isAdmitted(run) || pod === undefined || !outlivesClaude(pod)) return undefined;
  const how = outcome(run, pod, job);
  // The next attempt needs the end of the pod.
  if (!isOutcomeKnown(pod, how.report) || isContinued(run, how)) return undefined;
  const status = finished(run, how, observed.nowMs);
  return { decisions: [{ do: "updateStatus", run, status, ...requiredJob(how, job) }] };
}

function endSidecars({ run, pod, observed }: RunContext): RuleResult | undefined {
  if (!isAdmitted(run) || pod === undefined) return undefined;
  const atMs = sidecarsEndMs(run, pod);
  if (atMs === undefined || observed.nowMs < atMs) return undefined;
  return { decisions: [{ do: "endSidecars", pod }] };
}

function podDeleted({ run, pod, job, observed }: RunContext): RuleResult | undefined {
  if (!isAdmitted(run) || pod !== undefined) return undefined;
  const { name = "", uid = "" } = run.status.pod ?? {};
  const clientLost = observed.lostClients?.get(run.uid);
  const how: Outcome = run.spec.cancel
    ? { reason: "Cancelled", message: cancelMessage(run) }
    : clientLost === undefined
      ? lost(job)
      : { reason: "ClientLost", message: clientLost };
  const ended = finished(run, how, observed.nowMs);
  const ofPod = { podName: name, podUid: uid };
  return { decisions: [{ do: "updateStatusAfterPodLoss", run, status: ended, ...ofPod, ...requiredJob(how, job) }] };
}

/** PodDeleted requires that the Job still exists, because the cache of Jobs may lag behind the cache of pods. */
function requiredJob({ reason }: Outcome, job: Job | undefined): { requiresJob?: Job } {
  return reason === "PodDeleted" && job !== undefined ? { requiresJob: job } : {};
}

function stopCancelled({ run, pod }: RunContext): RuleResult | undefined {
  if (!isAdmitted(run) || pod === undefined || !run.spec.cancel || pod.stop !== undefined) return undefined;
  return stop(pod, { reason: "Cancelled", message: cancelMessage(run) });
}

function stopClientLost({ run, pod, observed }: RunContext): RuleResult | undefined {
  const message = observed.lostClients?.get(run.uid);
  if (!isAdmitted(run) || pod === undefined || message === undefined || pod.stop !== undefined) return undefined;
  return stop(pod, { reason: "ClientLost", message });
}

function stopReplaced({ run, pod, replacers }: RunContext): RuleResult | undefined {
  if (!isAdmitted(run) || pod === undefined || pod.stop !== undefined) return undefined;
  const by = replacedBy(run, replacers);
  return by === undefined ? undefined : stop(pod, replacedStop(by));
}

function finishAdmission({ run, pod }: RunContext): RuleResult | undefined {
  if (!isAdmitted(run) || pod === undefined || !pod.isGated) return undefined;
  return { decisions: [{ do: "ungate", run, pod }] };
}

function stopUnstarted({ run, pod, observed }: RunContext): RuleResult | undefined {
  if (!isAdmitted(run) || pod === undefined || pod.stop !== undefined) return undefined;
  if (pod.container.kind === "running" || pod.container.kind === "terminated") return undefined;
  if (observed.nowMs < overdueMs(startDeadlineMs(run, pod.createdMs), observed)) return undefined;
  const { reason, message } = startFailure(run, pod);
  return stop(pod, { reason: reason as Stop["reason"], message });
}

function showPod({ run, pod, observed }: RunContext): RuleResult | undefined {
  if (!isAdmitted(run) || pod === undefined) return undefined;
  const mirrored = mirror(run, pod);
  const now = status.mirrored(run, pod, mirrored, observed.nowMs);
  const waits = mirrored.phase === "Pending" && pod.stop === undefined && pod.container.kind !== "terminated";
  const requeueAtMs = waits ? overdueMs(startDeadlineMs(run, pod.createdMs), observed) : sidecarsEndMs(run, pod);
  return {
    decisions: [
      {
        do: "updateStatus",
        run,
        status: now,
        isDebounced: mirrored.phase === "Pending" || mirrored.reason === "Ending",
        ...(mirrored.reason === "Starting" ? { explainFrom: pod } : {}),
      },
    ],
    ...(requeueAtMs === undefined ? {} : { requeueAtMs }),
  };
}

/** The reason is stored on the pod; the status shows it once the watch shows the pod with it. */
function stop(pod: Pod, why: Stop): RuleResult {
  return { decisions: [{ do: "stop", pod, stop: why }] };
}
