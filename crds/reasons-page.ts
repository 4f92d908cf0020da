/** docs/failure-reasons.md: every reason of a run, with the next step. */
import { cancelReasons, failureReasons, queuedReasons } from "./reasons.ts";

/** Returns the page as unformatted Markdown. */
export function reasonsPage(): string {
  return [
    "# Why a run failed, was cancelled or waits",
    "These are the reasons of the `Succeeded` condition, in the column REASON of `kubectl get clauderuns`. A failed run " +
      "has its reason in `status.failure.reason` too. Scripts may rely on these words and must accept new ones.",
    "## Failed",
    "`Succeeded` is `False`, phase is `Failed`. Retryable (`status.failure.retryable`) means that the same spec may " +
      "succeed when you run it again unchanged.",
    ...Object.entries(failureReasons).flatMap(([reason, { meaning, whatToDo, retryable, foundBy }]) => [
      `### \`${reason}\``,
      `${meaning} **What to do:** ${whatToDo}`,
      `Retryable: ${retryable ? "yes" : "no"}. Found by the ${foundBy}.`,
    ]),
    "## Cancelled",
    "`Succeeded` is `False`, phase is `Cancelled`: a user or a client stopped the run.",
    list(cancelReasons),
    "## Queued",
    "`Succeeded` is `Unknown`, phase is `Queued`: the run waits for its agent's slot.",
    list(queuedReasons),
    "## Pending and running",
    "While phase is `Pending`, the reason is Kubernetes' own, such as `Unschedulable`, `PullingImage` or " +
      "`ImagePullBackOff`, or `Retrying` between [attempts](attempts.md). While phase is `Running`, it is `Running`, " +
      "`Cancelling`, or `NodeNotReady` if the node no longer reports whether the container runs. A run that succeeded " +
      "has the reason `Completed`.",
  ].join("\n\n");
}

function list(reasons: Readonly<Record<string, string>>): string {
  return Object.entries(reasons)
    .map(([reason, meaning]) => `- **${reason}**: ${meaning}.`)
    .join("\n");
}
