/** Decisions after the list of an agent's pods, which was taken while a gated pod of the run existed. */
import { isBetweenAttempts, isTerminal, type Observed, type Pod, type Run } from "../domain.ts";
import type { Decision } from "./decision.ts";
import type { FollowUp } from "./follow-up.ts";
import { evaluateSlot, notConfirmed } from "./slot.ts";
import * as status from "./status.ts";

type Admission = Extract<Decision, { do: "admit" }>;

/** A constant delay, because the size of the list depends on the objects and not on the moment. */
const unlistableRetryMs = 30_000;

/** The order is part of the proof of invariant 1: the status names the pod before its gate is removed. */
export function afterSlotList(
  { run, pod, status: admitted }: Admission,
  listed: readonly Pod[],
  observed: Observed,
): FollowUp {
  const verdict = evaluateSlot(pod, [...listed, ...unlisted(listed, observed)], observed.runs);
  switch (verdict.slot) {
    case "free":
      return {
        decisions: [
          { do: "updateStatus", run, status: admitted },
          { do: "ungate", pod },
        ],
      };
    case "taken":
      return { decisions: [waitForPod(run, notConfirmed(verdict.by), observed.nowMs)] };
    case "contended":
      return {
        decisions: verdict.withdraw.map((rival): Decision => ({ do: "deleteUnstarted", pod: rival })),
        conflict: `other gated pods of agent ${observed.agent} were deleted`,
      };
    case "behind":
      return {
        decisions: [{ do: "deleteUnstarted", pod }],
        conflict: `gated pod ${verdict.of.name} of agent ${observed.agent} comes first`,
      };
    default:
      return verdict satisfies never;
  }
}

/** The agent's pods are too large to be listed: the slot's state is unknown, and the run waits. */
export function afterUnlistablePods({ run }: Admission, message: string, nowMs: number): FollowUp {
  return { decisions: [waitForPod(run, message, nowMs)], requeueAfterMs: unlistableRetryMs };
}

/** Another operator version created the Job. Its pod never ran, so both are deleted and created again. */
export function afterOutdatedPod(pod: Pod, { agent, jobs }: Observed): FollowUp {
  const job = jobs.find(({ uid }) => uid === pod.jobUid);
  return {
    decisions: [{ do: "deleteUnstarted", pod, ...(job === undefined ? {} : { job }) }],
    conflict: `gated pod ${pod.name} of agent ${agent} was created by another version and deleted`,
  };
}

/** Pods that may run but are not in the list: they have just ended, or a user changed their labels. */
function unlisted(listed: readonly Pod[], { pods, leftPods = [] }: Observed): readonly Pod[] {
  const shown = new Set(listed.map(({ uid }) => uid));
  // The watch does not show a left pod, which may have been ungated since.
  const left = leftPods.map((pod): Pod => ({ ...pod, isGated: false, hasFinalizer: true }));
  return [...left, ...pods].filter((pod) => !pod.isGated && !isTerminal(pod) && !shown.has(pod.uid));
}

function waitForPod(run: Run, message: string, nowMs: number): Decision {
  const why = { reason: "PreviousPodNotConfirmed", message } as const;
  const waiting = isBetweenAttempts(run)
    ? status.blocked(run, why, nowMs)
    : status.queued(run, { ...why, position: 1 }, nowMs);
  return { do: "updateStatus", run, status: waiting, isDebounced: true };
}
