/** The rules of a run that was admitted: its pod was let go, or is about to be, and holds the agent's slot. */
import { hasEnded, isAdmitted, isFinished, type Job, type Pod, type Run, type Stop } from "../domain.ts";
import { isContinued, withAttempts } from "./attempts.ts";
import type { Case, Decision, Rule, Verdict } from "./decision.ts";
import { finished } from "./ended-status.ts";
import { mirror } from "./mirror.ts";
import { cancelMessage, lost, outcome, startFailure, type Outcome } from "./outcome.ts";
import { replacedBy, replacedStop } from "./replace.ts";
import * as status from "./status.ts";

/** In the order of their precedence; none applies to a run that waits. */
export const admittedRules: readonly Rule[] = [
  ["an admitted run whose pod has ended is finished", podEnded],
  ["an admitted run whose pod is gone is lost", podGone],
  ["an admitted run that is cancelled is stopped", stopCancelled],
  ["an admitted run whose client is lost is stopped", stopClientLost],
  ["an admitted run that was replaced is stopped", stopReplaced],
  ["an admitted run that does not start in time is stopped", stopUnstarted],
  ["an admitted pod that still has its gate is let go", finishAdmission],
  ["an admitted run shows its pod", showPod],
];

function podEnded({ run, pod, job, observed }: Case): Verdict | undefined {
  if (!isAdmitted(run) || pod === undefined || !hasEnded(pod)) return undefined;
  const how = outcome(run, pod, job);
  const next = isContinued(run, how)
    ? status.retrying(run, how, observed.nowMs)
    : finished(run, withAttempts(run, how), observed.nowMs);
  // Recorded first, given back then: a crash between the two loses nothing. Whoever waits for the slot does not wait for
  // that too: the next pass, which begins at once, makes the next run's Job, and sweeps.
  const isAwaited = observed.runs.some((other) => other.uid !== run.uid && !isFinished(other));
  const release: Decision[] = pod.held && !isAwaited ? [{ do: "release", pod }] : [];
  const record: Decision = { do: "record", run, status: next, ...proviso(how, job) };
  return { decisions: [record, ...release] };
}

function podGone({ run, pod, job, observed }: Case): Verdict | undefined {
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
  return { decisions: [{ do: "recordLost", run, status: ended, ...ofPod, ...proviso(how, job) }] };
}

/** That a pod was deleted by itself, and not with its Job, is what the cache of Jobs says: it may lag behind that of pods. */
function proviso({ reason }: Outcome, job: Job | undefined): { ifThere?: Job } {
  return reason === "PodDeleted" && job !== undefined ? { ifThere: job } : {};
}

function stopCancelled({ run, pod }: Case): Verdict | undefined {
  if (!isAdmitted(run) || pod === undefined || !run.spec.cancel || pod.stop !== undefined) return undefined;
  return stop(pod, { reason: "Cancelled", message: cancelMessage(run) });
}

function stopClientLost({ run, pod, observed }: Case): Verdict | undefined {
  const message = observed.lostClients?.get(run.uid);
  if (!isAdmitted(run) || pod === undefined || message === undefined || pod.stop !== undefined) return undefined;
  return stop(pod, { reason: "ClientLost", message });
}

function stopReplaced({ run, pod, replacers }: Case): Verdict | undefined {
  if (!isAdmitted(run) || pod === undefined || pod.stop !== undefined) return undefined;
  const by = replacedBy(run, replacers);
  return by === undefined ? undefined : stop(pod, replacedStop(by));
}

function finishAdmission({ run, pod }: Case): Verdict | undefined {
  if (!isAdmitted(run) || pod === undefined || !pod.gated) return undefined;
  return { decisions: [{ do: "letGo", run, pod }] };
}

function stopUnstarted({ run, pod, observed }: Case): Verdict | undefined {
  if (!isAdmitted(run) || pod === undefined || pod.stop !== undefined) return undefined;
  if (pod.container.kind === "running" || pod.container.kind === "terminated") return undefined;
  if (observed.nowMs < startDeadlineMs(run, pod)) return undefined;
  const { reason, message } = startFailure(run, pod);
  return stop(pod, { reason: reason as Stop["reason"], message });
}

function showPod({ run, pod, observed }: Case): Verdict | undefined {
  if (!isAdmitted(run) || pod === undefined) return undefined;
  const mirrored = mirror(run, pod);
  const now = status.mirrored(run, pod, mirrored, observed.nowMs);
  const waits = mirrored.phase === "Pending" && pod.stop === undefined;
  return {
    decisions: [
      {
        do: "record",
        run,
        status: now,
        soft: mirrored.phase === "Pending" || mirrored.reason === "Ending",
        ...(mirrored.reason === "Starting" ? { about: pod } : {}),
      },
    ],
    ...(waits ? { wakeAtMs: startDeadlineMs(run, pod) } : {}),
  };
}

/** From the admission; the pod of a later attempt is made after it, and has the deadline for itself. */
function startDeadlineMs(run: Run, pod: Pod): number {
  const admittedMs = Date.parse(run.status.admittedTime ?? "");
  const sinceMs = Math.max(Number.isNaN(admittedMs) ? run.createdMs : admittedMs, pod.createdMs);
  return sinceMs + run.spec.startDeadlineSeconds * 1000;
}

/** The reason travels on the pod; the status shows it once the pod does. */
function stop(pod: Pod, why: Stop): Verdict {
  return { decisions: [{ do: "stop", pod, stop: why }] };
}
