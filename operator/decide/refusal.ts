/**
 * What the API server says when it does not take a Job or its pod, to our POST or to the Job controller's. Some of it
 * is about the object and stays true; the rest (a quota, a ServiceAccount that is still to come, a webhook that is
 * down, our own rights) may pass, and is tried again until the run's start deadline.
 */
import type { Run } from "../domain.ts";
import { condition } from "./conditions.ts";

/** A refusal by its words. */
export interface Refusal {
  readonly reason: "QuotaExceeded" | "JobCreateFailed";
  readonly message: string;
  /** The same object will not be taken later either. */
  readonly isFinal: boolean;
}

/** What admission says of an object that it will not take, however often it is asked. */
const aboutTheObject = [
  /denied the request/, // an admission webhook
  /denied request/, // a ValidatingAdmissionPolicy
  /violates PodSecurity/,
  /(minimum|maximum) \S+ usage per|max limit to request ratio/, // a LimitRange
  /failed quota: .*must specify/,
  /" is invalid: /,
];

/** Reads a refusal; `isFinal` is for those whose status code says so already. */
export function readRefusal(message: string, { isFinal = false }: { readonly isFinal?: boolean } = {}): Refusal {
  if (/exceeded quota/.test(message)) return { reason: "QuotaExceeded", message, isFinal: false };
  return {
    reason: "JobCreateFailed",
    message,
    isFinal: isFinal || aboutTheObject.some((words) => words.test(message)),
  };
}

/** The refusal that a run's status tells of, and since when; undefined if nothing refuses its pod. */
export function refusalOf(
  run: Run,
): { readonly reason: Refusal["reason"]; message: string; sinceMs: number } | undefined {
  const says = condition(run.status.conditions, "PodScheduled");
  if (says?.status !== "False") return undefined;
  const { reason, message, lastTransitionTime } = says;
  if (reason !== "QuotaExceeded" && reason !== "JobCreateFailed") return undefined;
  return { reason, message, sinceMs: Date.parse(lastTransitionTime) };
}
