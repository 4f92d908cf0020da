/** docs/failure-reasons.md: every reason that a run can give, with what to do about it. */
import { cancelReasons, failureReasons, queuedReasons } from "./reasons.ts";

/** The page as Markdown, not yet formatted. */
export function reasonsPage(): string {
  return [
    "# Why a run failed, was cancelled or waits",
    "The reason of the `Succeeded` condition, in the column REASON of `kubectl get clauderuns`. A failed run says it in " +
      "`status.failure.reason` too. Scripts key on these words and must bear new ones.",
    "## Failed",
    "`Succeeded` is `False`, phase is `Failed`. Retryable means that the same spec, run again unchanged, may well succeed " +
      "(`status.failure.retryable`).",
    ...Object.entries(failureReasons).flatMap(([reason, { meaning, whatToDo, retryable, foundBy }]) => [
      `### ${reason}`,
      `${meaning} **What to do:** ${whatToDo}`,
      `Retryable: ${retryable ? "yes" : "no"}. Found by the ${foundBy}.`,
    ]),
    "## Cancelled",
    "`Succeeded` is `False`, phase is `Cancelled`: somebody wanted it to end.",
    list(cancelReasons),
    "## Queued",
    "`Succeeded` is `Unknown`, phase is `Queued`: the run waits for its agent's slot.",
    list(queuedReasons),
    "## Pending and running",
    "While phase is `Pending` the reason is Kubernetes' own word, such as `Unschedulable`, `PullingImage` or " +
      "`ImagePullBackOff`, or `Retrying` between [attempts](attempts.md); while it is `Running` it is `Running`, `Cancelling`, or " +
      "`NodeNotReady` if nobody knows whether its container still runs. A run that reached its end has the reason `Completed`.",
  ].join("\n\n");
}

function list(reasons: Readonly<Record<string, string>>): string {
  return Object.entries(reasons)
    .map(([reason, meaning]) => `- **${reason}**: ${meaning}`)
    .join("\n");
}
