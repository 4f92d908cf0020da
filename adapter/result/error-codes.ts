/** Every failure of a run in the words of the host and of the adapter that this one replaces: one table. */
import type { AdapterExecutionResult } from "@paperclipai/adapter-utils";
import type { FailureReason } from "../../crds/reasons.ts";

/** How the host is told about a failure. */
export interface ErrorEntry {
  readonly code: string;
  readonly family?: NonNullable<AdapterExecutionResult["errorFamily"]>;
  /** The host begins a new session next time. */
  readonly clearsSession?: true;
  /** claude never began: the host may start the run again. */
  readonly neverStarted?: true;
}

/** By the reason in `status.failure`. */
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
  Evicted: { code: "k8s_pod_evicted" },
  Preempted: { code: "k8s_pod_preempted" },
  NodeLost: { code: "k8s_node_lost" },
  PodDeleted: { code: "k8s_job_deleted_externally" },
  JobLost: { code: "k8s_job_deleted_externally" },
  AuthenticationFailed: { code: "claude_auth_required" },
  UsageLimited: { code: "provider_quota", family: "provider_quota" },
  RateLimited: { code: "claude_transient_upstream", family: "transient_upstream" },
  ApiError: { code: "claude_transient_upstream", family: "transient_upstream" },
  ModelNotFound: { code: "model_not_found" },
  Refusal: { code: "claude_refusal", family: "model_refusal" },
  MaxTurns: { code: "max_turns_exhausted", clearsSession: true },
  BudgetExceeded: { code: "budget_exceeded" },
  SessionNotFound: { code: "session_unavailable", clearsSession: true, neverStarted: true },
  PromptTooLarge: { code: "prompt_too_large" },
  ClaudeStartFailed: { code: "claude_start_failed" },
  CreditExhausted: { code: "provider_quota", family: "provider_quota" },
  NoResult: { code: "claude_no_result" },
  ClaudeFailed: { code: "claude_failed" },
  ResultUnreadable: { code: "claude_no_result" },
};

/** What else can go wrong: before the run exists, around it, and to it. */
export const otherCodes = {
  configuration_incomplete: "The agent's configuration can't be used; the message names the key.",
  k8s_agent_id_invalid: "The agent's id has no letter or digit that a name can be made of.",
  k8s_concurrency_guard_unreachable:
    "The API server could not be reached or refused the ClaudeRun's creation for want of rights.",
  k8s_job_create_failed: "The API server refused the ClaudeRun, or one of its name belongs to somebody else.",
  k8s_prompt_secret_create_failed: "The run's Secret could not be made.",
  k8s_job_deleted_externally: "The ClaudeRun was deleted while it ran.",
  cancelled: "Cancelled by the host, or by somebody else in the cluster.",
  k8s_client_lost: "The Lease of the server that started it had expired.",
  claude_truncated: "claude had answered in part when it was ended.",
  llm_api_error: "The model's answer was empty: no tokens and no reason to stop.",
} as const;

/** The entry of a reason; one that this version does not know is a failure of its own name. */
export function entryOf(reason: string): ErrorEntry {
  const known = (errorCodes as Readonly<Record<string, ErrorEntry>>)[reason];
  return (
    known ?? {
      code: `k8s_${reason.replace(/[A-Z]/g, (letter, at: number) => `${at > 0 ? "_" : ""}${letter.toLowerCase()}`)}`,
    }
  );
}
