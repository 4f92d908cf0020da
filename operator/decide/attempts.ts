/** Decides which ends are followed by another attempt of the same run, and writes the messages about it. */
import { nextAttemptDeadlineMs } from "../../crds/deadlines.ts";
import { failureReasons, type FinalReason } from "../../crds/reasons.ts";
import { attemptOf, type Run } from "../domain.ts";
import type { Outcome } from "./outcome.ts";
import type { Result } from "./totals.ts";

/** Involuntary ends of a pod, which neither claude nor a user caused. A pod that a user deletes is no disruption. */
const disruptions: ReadonlySet<FinalReason> = new Set(["Evicted", "Preempted", "NodeLost", "ContainerLost"]);

/** True if another attempt follows this end. */
export function isContinued(run: Run, { reason }: Outcome): boolean {
  return disruptions.has(reason) && attemptOf(run) <= run.spec.disruptionRetries;
}

/** Adds the number of attempts to the message of a disruption without another attempt. */
export function withAttempts(run: Run, how: Outcome): Outcome {
  if (!disruptions.has(how.reason) || run.spec.disruptionRetries === 0) return how;
  return { ...how, message: `${how.message} It was ${attemptOfAll(run)}.` };
}

/** The message between two attempts: why the last one ended, its cost, and how the next one starts. */
export function retryMessage(run: Run, how: Outcome, attempt: Result | undefined): string {
  return [`${capital(attemptOfAll(run))} ended: ${withoutAdvice(how)}`, cost(attempt), next(run, how)].join(" ");
}

/** Each attempt has its own start deadline. It counts from the time when the end of the earlier one was recorded. */
export function retryDeadlineMs(run: Run): number {
  return nextAttemptDeadlineMs(run);
}

function attemptOfAll(run: Run): string {
  return `attempt ${attemptOf(run)} of ${run.spec.disruptionRetries + 1}`;
}

/** The failure's message without its advice, because users need not do anything. */
function withoutAdvice({ reason, message }: Outcome): string {
  const advice = (failureReasons as Readonly<Partial<Record<string, { whatToDo: string }>>>)[reason]?.whatToDo ?? "";
  return message.replace(advice, "").trim();
}

function cost(attempt: Result | undefined): string {
  if (attempt === undefined) return "It had not started.";
  const { turns, costUSD } = attempt;
  const spent = costUSD === undefined ? "its cost is unknown" : `it cost $${costUSD}`;
  return turns === undefined ? `${capital(spent)}.` : `It made ${turns} turns, ${spent}.`;
}

function next(run: Run, { report }: Outcome): string {
  const session = report?.session?.id ?? run.status.session?.id;
  const name = `Attempt ${attemptOf(run) + 1}`;
  if (session === undefined) return `${name} starts over: no session is known.`;
  if (run.spec.workspace?.persistentVolumeClaim === undefined) {
    return `${name} starts over: the workspace is on no volume claim, so session ${session} was deleted with the pod.`;
  }
  return `${name} continues session ${session}.`;
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
