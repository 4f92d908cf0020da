/**
 * Every word a ClaudeRun can say about itself, in one table: code, generated docs and tests take them from here.
 * A new failure reason is one new entry in `failureReasons`. This file imports nothing, so the runner can bundle it.
 */

/** What is known of a failure reason, for people and for clients that decide whether to try again. */
export interface ReasonEntry {
  /** One sentence: what happened. */
  readonly meaning: string;
  /** One sentence that names the next step for whoever reads it. */
  readonly whatToDo: string;
  /** True if the same spec, run again unchanged, may well succeed. */
  readonly retryable: boolean;
  /** Who finds it: the operator (from Kubernetes' own words) or the runner (from claude's). */
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
    "The spec asks for something the operator cannot do.",
    "Read the message, correct the field it names and create a new run.",
  ),
  AgentBusy: operator(
    true,
    "concurrencyPolicy is Forbid and the agent already had an unfinished run.",
    "Wait for the other run, or use concurrencyPolicy Queue or Replace.",
  ),
  QueueDeadlineExceeded: operator(
    true,
    "The run was not admitted within queueDeadlineSeconds.",
    "Look at what held the agent's slot (kubectl get clauderuns), or raise queueDeadlineSeconds or priority.",
  ),
  StartDeadlineExceeded: operator(
    true,
    "The container did not start within startDeadlineSeconds and Kubernetes named no cause.",
    "Look at what the pod went through (kubectl events --for pod/NAME, by status.pod.name), then raise startDeadlineSeconds or mend what held it up.",
  ),
  Unschedulable: operator(
    true,
    "No node could take the pod within startDeadlineSeconds.",
    "Read the scheduler's words in the message: free or add capacity, or relax requests, nodeSelector, affinity.",
  ),
  ImagePullFailed: operator(
    false,
    "The container image could not be pulled within startDeadlineSeconds.",
    "Check spec.pod.image, imagePullSecrets and that the nodes reach the registry.",
  ),
  ContainerStartFailed: operator(
    false,
    "The kubelet could not create or start the container.",
    "Read the message: a missing Secret or ConfigMap key, a volume that does not mount, or a setting the runtime refuses.",
  ),
  RunnerMissing: operator(
    false,
    "The image has no `node` on its PATH, so the runner could not start.",
    "Use an image with Node.js 20 or newer and claude on PATH, such as the one Dockerfile.agent builds.",
  ),
  ClaudeMissing: runner(
    false,
    "The image has no working `claude` on its PATH.",
    "Install the Claude Code CLI in the image for its CPU architecture, such as Dockerfile.agent does.",
  ),
  QuotaExceeded: operator(
    true,
    "A ResourceQuota of the namespace left no room for the Job, its pod or its ConfigMap within startDeadlineSeconds.",
    "Free quota in the namespace or raise it (kubectl describe resourcequota), then run it again.",
  ),
  JobCreateFailed: operator(
    false,
    "The API server refused the Job, its pod or its ConfigMap, for good or until startDeadlineSeconds were over.",
    "Change what its words name (a policy, a LimitRange, a missing ServiceAccount or class, a field), then create a new run.",
  ),
  DeadlineExceeded: runner(
    false,
    "claude ran longer than activeDeadlineSeconds and was ended.",
    "Raise activeDeadlineSeconds, or resume the session with a new run to go on.",
  ),
  IdleTimeout: runner(
    true,
    "claude wrote nothing for idleTimeoutSeconds and was ended.",
    "Resume the session with a new run; raise idleTimeoutSeconds if long silent tools are expected.",
  ),
  NoOutput: runner(
    true,
    "claude never wrote anything within idleTimeoutSeconds and was ended.",
    "Check that the pod reaches the API; raise idleTimeoutSeconds if the start is slow.",
  ),
  OOMKilled: operator(
    false,
    "The container ran out of memory and was killed by the kernel.",
    "Raise spec.pod.resources.limits.memory, then resume the session with a new run.",
  ),
  Evicted: operator(
    true,
    "The pod was evicted from its node.",
    "Run it again; set disruptionRetries to have the session continued by itself.",
  ),
  Preempted: operator(
    true,
    "The pod was preempted by one of higher priority.",
    "Run it again; give it a priorityClassName or set disruptionRetries.",
  ),
  NodeLost: operator(
    true,
    "The pod's node was lost.",
    "Run it again; set disruptionRetries to have the session continued by itself.",
  ),
  PodDeleted: operator(true, "Somebody deleted the pod while it ran.", "Find out who deleted it, then run it again."),
  JobLost: operator(
    true,
    "The Job was deleted before the run had ended, by somebody or by one of two operators that acted at once.",
    "Look in the API server's audit log for who deleted it, then run it again.",
  ),
  AuthenticationFailed: runner(
    false,
    "The API refused the credentials, or there were none.",
    "Check the Secret named in credentialsSecretName (ANTHROPIC_API_KEY or CLAUDE_CODE_OAUTH_TOKEN).",
  ),
  UsageLimited: runner(
    true,
    "The account's usage limit is reached.",
    "Run it again after failure.resumeAfterTime, or use another account.",
  ),
  RateLimited: runner(
    true,
    "The API answered 429 until the CLI gave up.",
    "Run it again later, or run fewer agents at once on this key.",
  ),
  ApiError: runner(
    true,
    "The API failed or could not be reached until the CLI gave up.",
    "Check the API's status and the way to it (ANTHROPIC_BASE_URL, NetworkPolicy, proxy), then run it again.",
  ),
  ModelNotFound: runner(
    false,
    "The API does not know the model, or the key may not use it.",
    "Correct spec.claude.model.",
  ),
  Refusal: runner(false, "The model refused the request.", "Change the prompt."),
  MaxTurns: runner(
    false,
    "claude reached maxTurns before it was done.",
    "Resume the session with a new run, or raise claude.maxTurns.",
  ),
  BudgetExceeded: runner(
    false,
    "claude reached budget.maxCostUSD before it was done.",
    "Resume the session with a new run, or raise budget.maxCostUSD.",
  ),
  SessionNotFound: runner(
    false,
    "The workspace holds no session of the id that was to be resumed.",
    "Use the workspace the session was made on, or set session.onMissing to StartNew.",
  ),
  PromptTooLarge: runner(
    false,
    "The conversation no longer fits into the model's context.",
    "Shorten the prompt or start a new session.",
  ),
  ClaudeStartFailed: runner(
    false,
    "claude ended before its first event; its last line on stderr says why.",
    "Correct what stderr names: usually a flag in claude.extraArgs, a settings file or an MCP configuration.",
  ),
  CreditExhausted: runner(
    false,
    "The account's credit balance is too low.",
    "Add credit to the account, then run it again.",
  ),
  NoResult: runner(
    true,
    "claude ended without a result and nothing else explains it.",
    "Look at the end of the log (kubectl logs), then resume the session with a new run.",
  ),
  ClaudeFailed: runner(
    false,
    "claude reported an error and no better word for it is known.",
    "Read the message and the end of the log (kubectl logs).",
  ),
  ResultUnreadable: operator(
    true,
    "The container ended without a readable report and nothing else explains it.",
    "Look at the log (kubectl logs); check that the image does not replace the runner's command.",
  ),
} as const satisfies Record<string, ReasonEntry>;

/** Why a run failed: closed and documented; clients key on it and must bear new ones. */
export type FailureReason = keyof typeof failureReasons;

/** Reasons of a run that ended because somebody wanted it to. */
export const cancelReasons = {
  Cancelled: "spec.cancel was set.",
  Replaced: "A newer run of the same agent with concurrencyPolicy Replace took its place.",
  ClientLost: "The Lease named in clientLeaseName expired.",
} as const;
export type CancelReason = keyof typeof cancelReasons;

/** Reasons of a run that waits for its agent's slot. */
export const queuedReasons = {
  AgentBusy: "Another run of the agent holds the slot or comes first.",
  Suspended: "spec.suspend is true.",
  Admitting: "It is next: its pod is being made and checked.",
  PreviousPodNotConfirmed: "A pod of the agent may still be running; the message names it and its node.",
  OperatorPaused: "Admission is paused in the operator's configuration.",
  ActiveRunsLimit: "maxActiveRuns of the operator's configuration is reached.",
} as const;
export type QueuedReason = keyof typeof queuedReasons;

/** Any reason the `Succeeded` condition can carry at the end. */
export type FinalReason = "Completed" | FailureReason | CancelReason;

/** True for a word of the closed list of failure reasons. */
export function isFailureReason(word: string): word is FailureReason {
  return Object.hasOwn(failureReasons, word);
}
