/**
 * Classifies the API server's message when it rejects a Job or its pod. A rejection of the object itself is permanent.
 * Others (a quota, a missing ServiceAccount, a webhook that is down, the operator's permissions) may be temporary: the
 * operator retries until the run's start deadline.
 */
import type { Run } from "../domain.ts";
import { condition } from "./conditions.ts";

/** A classified rejection. */
export interface Rejection {
  readonly reason: "QuotaExceeded" | "JobCreateFailed";
  readonly message: string;
  /** The API server will reject the same object later too. */
  readonly isFinal: boolean;
}

/** Messages of admission about the object itself. */
const aboutTheObject = [
  /denied the request/, // an admission webhook
  /denied request/, // a ValidatingAdmissionPolicy
  /violates PodSecurity/,
  /(minimum|maximum) \S{1,253} usage per|max limit to request ratio/, // a LimitRange
  /" is invalid: /,
];

/** The API server's messages are short, but those of admission webhooks may be long. */
const maxLength = 32_768;

/** Classifies a message; `isFinal`: the HTTP status code shows that the rejection is permanent. */
export function parseRejection(message: string, { isFinal = false }: { readonly isFinal?: boolean } = {}): Rejection {
  const text = message.slice(0, maxLength);
  if (/exceeded quota/.test(text)) return { reason: "QuotaExceeded", message, isFinal: false };
  return {
    reason: "JobCreateFailed",
    message,
    isFinal: isFinal || isQuotaUnspecified(text) || aboutTheObject.some((pattern) => pattern.test(text)),
  };
}

/** True if the pod lacks requests or limits that a quota counts. */
function isQuotaUnspecified(text: string): boolean {
  const at = text.indexOf("failed quota: ");
  return at >= 0 && text.includes("must specify", at);
}

/** The rejection in a run's status, with its start; undefined if there is none. */
export function rejectionOf(
  run: Run,
): { readonly reason: Rejection["reason"]; message: string; sinceMs: number } | undefined {
  const scheduled = condition(run.status.conditions, "PodScheduled");
  if (scheduled?.status !== "False") return undefined;
  const { reason, message, lastTransitionTime } = scheduled;
  if (reason !== "QuotaExceeded" && reason !== "JobCreateFailed") return undefined;
  return { reason, message, sinceMs: Date.parse(lastTransitionTime) };
}
