/** The error codes of the host, and of the adapter that this one replaces, for every failure. */
import type { AdapterExecutionResult } from "@paperclipai/adapter-utils";
import type { FailureReason } from "../../crds/reasons.ts";

/** The host's error code of a failure. */
export interface ErrorEntry {
  readonly code: string;
  readonly family?: NonNullable<AdapterExecutionResult["errorFamily"]>;
  /** The failure is temporary: the host repeats the run in the same session. */
  readonly isTemporary?: true;
  /** The host starts a new session next time. */
  readonly clearsSession?: true;
  /** claude never started: the host may start the run again. */
  readonly neverStarted?: true;
}

/** Codes by the reason in `status.failure`. */
export const errorCodes: Readonly<Record<FailureReason, ErrorEntry>> = {
  InvalidSpec: { code: "k8s_spec_invalid", neverStarted: true },
  AgentBusy: { code: "k8s_concurrent_run_blocked", neverStarted: true },
  QueueDeadlineExceeded: { code: "k8s_queue_deadline_exceeded", neverStarted: true },
  StartDeadlineExceeded: { code: "k8s_pod_schedule_failed", neverStarted: true },
  Unschedulable: { code: "k8s_pod_schedule_failed", neverStarted: true },
  ImagePullFailed: { code: "k8s_image_pull_failed", neverStarted: true },
  ContainerStartFailed: { code: "k8s_container_start_failed", neverStarted: true },
  RunnerMissing: { code: "k8s_container_start_failed", neverStarted: true },
  ClaudeMissing: { code: "k8s_container_start_failed", neverStarted: true },
  QuotaExceeded: { code: "k8s_quota_exceeded", neverStarted: true },
  JobCreateFailed: { code: "k8s_job_create_failed", neverStarted: true },
  DeadlineExceeded: { code: "timeout" },
  IdleTimeout: { code: "claude_idle_timeout" },
  NoOutput: { code: "claude_no_output" },
  OOMKilled: { code: "claude_truncated" },
  LimitExceeded: { code: "k8s_limit_exceeded" },
  Evicted: { code: "k8s_pod_evicted" },
  Preempted: { code: "k8s_pod_preempted" },
  NodeLost: { code: "k8s_node_lost" },
  ContainerLost: { code: "k8s_container_lost" },
  PodDeleted: { code: "k8s_job_deleted_externally" },
  JobLost: { code: "k8s_job_deleted_externally" },
  RunnerChanged: { code: "k8s_runner_changed", neverStarted: true },
  JobSuspended: { code: "k8s_job_suspended" },
  AuthenticationFailed: { code: "claude_auth_required" },
  UsageLimited: { code: "provider_quota", family: "provider_quota", isTemporary: true },
  RateLimited: { code: "claude_transient_upstream", family: "transient_upstream", isTemporary: true },
  ApiError: { code: "claude_transient_upstream", family: "transient_upstream", isTemporary: true },
  InvalidRequest: { code: "invalid_request" },
  ModelNotFound: { code: "model_not_found" },
  Refusal: { code: "claude_refusal", family: "model_refusal" },
  MaxTurns: { code: "max_turns_exhausted", clearsSession: true },
  BudgetExceeded: { code: "budget_exceeded" },
  SessionNotFound: { code: "session_unavailable", clearsSession: true, neverStarted: true },
  SessionRejected: { code: "session_rejected", clearsSession: true },
  PromptTooLarge: { code: "prompt_too_large", clearsSession: true },
  OutputTooLong: { code: "output_too_long" },
  PromptBlocked: { code: "prompt_blocked" },
  ClaudeStartFailed: { code: "claude_start_failed" },
  CreditExhausted: { code: "provider_quota", family: "provider_quota" },
  NoResult: { code: "claude_no_result" },
  ClaudeFailed: { code: "claude_failed" },
  ResultUnreadable: { code: "claude_no_result" },
};

/** Codes of all other failures, with their meaning. */
export const otherCodes = {
  configuration_incomplete: "The agent's configuration is invalid; the message names the key.",
  adapter_failed: "The adapter itself failed; it cancels the run.",
  k8s_agent_id_invalid: "The agent's id has no letter or digit for a name.",
  k8s_concurrency_guard_unreachable: "The API server was unreachable, or denied permission to create the ClaudeRun.",
  k8s_job_create_failed: "The API server rejected the ClaudeRun, or another run has its name.",
  k8s_prompt_secret_create_failed: "The run's Secret could not be created.",
  k8s_job_deleted_externally: "The ClaudeRun was deleted before it had finished.",
  cancelled: "The host or a user of the cluster cancelled the run.",
  k8s_client_lost: "The Lease of the server that started the run expired.",
  claude_truncated: "claude was stopped after a partial answer.",
  k8s_volume_failed: "A volume could not be mounted, or its claim could not be used.",
  llm_api_error: "The model's answer was empty: no tokens and no stop reason.",
} as const;

/** Returns the entry of a reason. An unknown reason gets a code of the same name. */
export function entryOf(reason: string): ErrorEntry {
  const codes: Readonly<Record<string, ErrorEntry>> = errorCodes;
  const known = Object.hasOwn(codes, reason) ? codes[reason] : undefined;
  return known ?? { code: `k8s_${snakeCase(reason)}` };
}

function snakeCase(reason: string): string {
  const words = reason.slice(0, 64).match(/[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+/g) ?? ["unknown"];
  return words.join("_").toLowerCase();
}
