/**
 * Every reason of a ClaudeRun in one table, used by code, generated docs and tests.
 * A new failure reason is one new entry in `failureReasons`. This file imports nothing, so the runner can bundle it.
 */

/** A failure reason, explained to people and to clients that decide whether to retry. */
export interface ReasonEntry {
  /** One sentence: what happened. */
  readonly meaning: string;
  /** One sentence with the next step. */
  readonly whatToDo: string;
  /** True if the same spec may succeed when it is run again unchanged. */
  readonly retryable: boolean;
  /** The component that finds it: the operator (from Kubernetes objects) or the runner (from claude's output). */
  readonly foundBy: "operator" | "runner";
}

const operator = (retryable: boolean, meaning: string, whatToDo: string): ReasonEntry => ({
  meaning,
  whatToDo,
  retryable,
  foundBy: "operator",
});
const runner = (retryable: boolean, meaning: string, whatToDo: string): ReasonEntry => ({
  meaning,
  whatToDo,
  retryable,
  foundBy: "runner",
});

export const failureReasons = {
  InvalidSpec: operator(
    false,
    "The spec asks for something that the operator cannot do.",
    "Correct the field that the message names and create a new run.",
  ),
  AgentBusy: operator(
    true,
    "concurrencyPolicy is Forbid and the agent already had an unfinished run.",
    "Wait for the other run, or use concurrencyPolicy Queue or Replace.",
  ),
  QueueDeadlineExceeded: operator(
    true,
    "The run was not admitted within queueDeadlineSeconds.",
    "Check which run holds the agent's slot (kubectl get clauderuns), or raise queueDeadlineSeconds or priority.",
  ),
  StartDeadlineExceeded: operator(
    true,
    "The container did not start within startDeadlineSeconds and Kubernetes named no cause.",
    "Check the pod's events (kubectl events --for pod/NAME), then fix the cause or raise startDeadlineSeconds.",
  ),
  Unschedulable: operator(
    true,
    "No node could take the pod within startDeadlineSeconds.",
    "Read the scheduler's message, then free or add capacity, or relax requests, nodeSelector or affinity.",
  ),
  ImagePullFailed: operator(
    false,
    "The container image could not be pulled within startDeadlineSeconds.",
    "Check spec.pod.image, imagePullSecrets and that nodes can reach the registry.",
  ),
  ContainerStartFailed: operator(
    false,
    "The kubelet could not create or start the container.",
    "Fix what the message names: a missing Secret or ConfigMap key, a volume that does not mount, or a rejected setting.",
  ),
  RunnerMissing: operator(
    false,
    "The image has no `node` on its PATH, so the runner could not start.",
    "Use an image with Node.js 20 or newer and claude on its PATH, such as the one built from Dockerfile.agent.",
  ),
  ClaudeMissing: runner(
    false,
    "The image has no working `claude` on its PATH.",
    "Install the Claude Code CLI for the image's CPU architecture, as Dockerfile.agent does.",
  ),
  QuotaExceeded: operator(
    true,
    "A ResourceQuota left no room for the Job, its pod or its ConfigMap within startDeadlineSeconds.",
    "Free or raise the quota in the namespace (kubectl describe resourcequota), then run it again.",
  ),
  JobCreateFailed: operator(
    false,
    "The Job, its pod or its ConfigMap was rejected permanently or for all of startDeadlineSeconds.",
    "Fix what the message names (policy, LimitRange, missing ServiceAccount or class, field) and create a new run.",
  ),
  RunnerChanged: operator(
    true,
    "Another client replaced or deleted the runner or run ConfigMap. Its content was not executed.",
    "Check who may create and delete ConfigMaps in the namespace (audit log, RoleBindings), then run it again.",
  ),
  JobSuspended: operator(
    true,
    "Another client suspended the run's Job.",
    "Find out what suspends Jobs (Kueue, a webhook, a user); have it resume them or raise startDeadlineSeconds; run it again.",
  ),
  DeadlineExceeded: runner(
    false,
    "claude ran longer than activeDeadlineSeconds and was stopped.",
    "Raise activeDeadlineSeconds, or resume the session with a new run.",
  ),
  IdleTimeout: runner(
    true,
    "claude wrote nothing for idleTimeoutSeconds and was stopped.",
    "Resume the session with a new run; raise idleTimeoutSeconds if tools run long without output.",
  ),
  NoOutput: runner(
    true,
    "claude wrote nothing at all within idleTimeoutSeconds and was stopped.",
    "Check that the pod can reach the API; raise idleTimeoutSeconds if the start is slow.",
  ),
  OOMKilled: operator(
    false,
    "The container ran out of memory and the kernel killed it.",
    "Raise spec.pod.resources.limits.memory, then resume the session with a new run.",
  ),
  LimitExceeded: operator(
    false,
    "The run exceeded a limit of its own pod, and the kubelet evicted the pod.",
    "Raise the limit that the message names or reduce what the run writes, then resume the session with a new run.",
  ),
  Evicted: operator(
    true,
    "The pod was evicted from its node.",
    "Run it again; set disruptionRetries to continue the session automatically.",
  ),
  Preempted: operator(
    true,
    "The pod was preempted by a pod of higher priority.",
    "Run it again; give it a priorityClassName or set disruptionRetries.",
  ),
  NodeLost: operator(
    true,
    "The pod's node was lost.",
    "Run it again; set disruptionRetries to continue the session automatically.",
  ),
  ContainerLost: operator(
    true,
    "The container runtime lost the container and cannot report how claude ended.",
    "Run it again; set disruptionRetries to continue the session automatically.",
  ),
  PodDeleted: operator(
    true,
    "A user or another controller deleted the pod while it ran.",
    "Find out who deleted the pod (audit log), then run it again.",
  ),
  JobLost: operator(
    true,
    "A user, another controller or another operator replica deleted the Job before the run ended.",
    "Find out who deleted the Job (audit log), then run it again.",
  ),
  AuthenticationFailed: runner(
    false,
    "The API rejected the credentials, or there were none.",
    "Check the Secret named in credentialsSecretName (ANTHROPIC_API_KEY or CLAUDE_CODE_OAUTH_TOKEN).",
  ),
  UsageLimited: runner(
    true,
    "The account's usage limit is reached.",
    "Run it again after failure.resumeAfterTime, or use another account.",
  ),
  RateLimited: runner(
    true,
    "The API answered 429 until the CLI stopped retrying.",
    "Run it again later, or run fewer agents at once with this key.",
  ),
  ApiError: runner(
    true,
    "The API failed or could not be reached until the CLI stopped retrying.",
    "Check the API's status and network access to it (ANTHROPIC_BASE_URL, NetworkPolicy, proxy), then run it again.",
  ),
  InvalidRequest: runner(
    false,
    "The API rejected the request and would reject it again.",
    "Fix what the message names: a setting in spec.claude, an MCP tool, or the gateway at ANTHROPIC_BASE_URL.",
  ),
  ModelNotFound: runner(
    false,
    "The API does not know the model, or the key may not use it.",
    "Correct spec.claude.model, or use a key that may use the model.",
  ),
  Refusal: runner(false, "The model refused the request.", "Change the prompt."),
  MaxTurns: runner(
    false,
    "claude reached maxTurns before it had finished.",
    "Resume the session with a new run, or raise claude.maxTurns.",
  ),
  BudgetExceeded: runner(
    false,
    "claude reached budget.maxCostUSD before it had finished.",
    "Resume the session with a new run, or raise budget.maxCostUSD.",
  ),
  SessionNotFound: runner(
    false,
    "The workspace has no session with the id in session.resume.",
    "Use the workspace of that session, or set session.onMissing to StartNew.",
  ),
  SessionRejected: runner(
    false,
    "The API rejected the session's history and would reject it at every resume.",
    "Start a new session: omit session.resume in the next run.",
  ),
  PromptTooLarge: runner(
    false,
    "The conversation no longer fits into the model's context.",
    "Shorten the prompt or start a new session.",
  ),
  OutputTooLong: runner(
    false,
    "The answer was longer than the output token maximum.",
    "Raise CLAUDE_CODE_MAX_OUTPUT_TOKENS in spec.pod.env, or ask for a shorter answer or for several files.",
  ),
  PromptBlocked: runner(
    false,
    "A hook stopped claude before it answered.",
    "Read the hook's message, then change the prompt or the hook in claude's settings.",
  ),
  ClaudeStartFailed: runner(
    false,
    "claude ended before its first event; the message shows its last line on stderr.",
    "Correct what stderr names, usually a flag in claude.extraArgs, a settings file or an MCP configuration.",
  ),
  CreditExhausted: runner(
    false,
    "The account's credit balance is too low.",
    "Add credit to the account, then run it again.",
  ),
  NoResult: runner(
    true,
    "The run ended without a result and no other reason applies.",
    "Read the end of the log (kubectl logs), then resume the session with a new run.",
  ),
  ClaudeFailed: runner(
    false,
    "claude reported an unclassified error.",
    "Read the message and the end of the log (kubectl logs).",
  ),
  ResultUnreadable: operator(
    true,
    "The container ended without a readable report and no other reason applies.",
    "Read the log (kubectl logs); check that the image does not replace the runner's command.",
  ),
} as const satisfies Record<string, ReasonEntry>;

/** Why a run failed. The list is closed and documented; clients must accept new values. */
export type FailureReason = keyof typeof failureReasons;

/** Reasons of a cancelled run. */
export const cancelReasons = {
  Cancelled: "spec.cancel was set",
  Replaced: "A newer run of the agent with concurrencyPolicy Replace replaced it",
  ClientLost: "The Lease named in clientLeaseName expired",
} as const;
export type CancelReason = keyof typeof cancelReasons;

/** Reasons of a run that waits for its agent's slot. */
export const queuedReasons = {
  AgentBusy: "Another run of the agent holds the slot or comes first",
  Suspended: "spec.suspend is true",
  Admitting: "Next in the queue; its pod is being created",
  JobSuspended: "Another client (Kueue, a webhook, a user) suspended the run's Job",
  PreviousPodNotConfirmed: "A pod of the agent may still be running; the message names the pod and its node",
  OperatorPaused: "Admission is paused in the operator's configuration",
  ActiveRunsLimit: "The operator setting maxActiveRuns or maxActiveRunsPerNamespace is reached",
} as const;
export type QueuedReason = keyof typeof queuedReasons;

/** Any reason of the `Succeeded` condition of a finished run. */
export type FinalReason = "Completed" | FailureReason | CancelReason;

/** True for one of the closed list of failure reasons. */
export function isFailureReason(reason: string): reason is FailureReason {
  return Object.hasOwn(failureReasons, reason);
}
