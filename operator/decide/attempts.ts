/** Which ends are continued by another attempt of the same run, and what is said about it. */
import { failureReasons, type FinalReason } from "../../crds/reasons.ts";
import { attemptOf, type Run } from "../domain.ts";
import { condition } from "./conditions.ts";
import type { Outcome } from "./outcome.ts";
import type { Result } from "./totals.ts";

/** Something happened to the pod that neither claude nor a user meant. A pod that a user deletes is no such thing. */
const disruptions: ReadonlySet<FinalReason> = new Set(["Evicted", "Preempted", "NodeLost"]);

/** True if the run goes on after this end. */
export function isContinued(run: Run, { reason }: Outcome): boolean {
  return disruptions.has(reason) && attemptOf(run) <= run.spec.disruptionRetries;
}

/** A disruption that no attempt is left for: the message says how many there were. */
export function withAttempts(run: Run, how: Outcome): Outcome {
  if (!disruptions.has(how.reason) || run.spec.disruptionRetries === 0) return how;
  return { ...how, message: `${how.message} It was ${attemptOfAll(run)}.` };
}

/** What a run between two attempts says: what ended the last one, what it cost, how the next one begins. */
export function retryMessage(run: Run, how: Outcome, attempt: Result | undefined): string {
  return [`${capital(attemptOfAll(run))} ended: ${what(how)}`, cost(attempt), next(run, how)].join(" ");
}

/** Each attempt has the start deadline for itself; this one's runs from the moment that the earlier one was recorded. */
export function retryDeadlineMs({ status, spec, createdMs }: Run): number {
  const sinceMs = Date.parse(condition(status.conditions, "PodScheduled")?.lastTransitionTime ?? "");
  return (Number.isNaN(sinceMs) ? createdMs : sinceMs) + spec.startDeadlineSeconds * 1000;
}

function attemptOfAll(run: Run): string {
  return `attempt ${attemptOf(run)} of ${run.spec.disruptionRetries + 1}`;
}

/** The failure's message without its advice: nobody has to do anything. */
function what({ reason, message }: Outcome): string {
  const advice = (failureReasons as Readonly<Partial<Record<string, { whatToDo: string }>>>)[reason]?.whatToDo ?? "";
  return message.replace(advice, "").trim();
}

function cost(attempt: Result | undefined): string {
  if (attempt === undefined) return "It had not started.";
  const { turns, costUSD } = attempt;
  const spent = costUSD === undefined ? "what it cost is not known" : `it cost $${costUSD}`;
  return turns === undefined ? `${capital(spent)}.` : `It made ${turns} turns, ${spent}.`;
}

function next(run: Run, { report }: Outcome): string {
  const session = report?.session?.id ?? run.status.session?.id;
  const name = `Attempt ${attemptOf(run) + 1}`;
  if (session === undefined) return `${name} starts anew: no session is known.`;
  if (run.spec.workspace?.persistentVolumeClaim === undefined) {
    return `${name} starts anew: the workspace is on no volume claim, so session ${session} went with the pod.`;
  }
  return `${name} continues session ${session}.`;
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
