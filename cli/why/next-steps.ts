/** The next command after each reason, with flags that change the cause of the end. Pure. */
import type { ClaudeRun } from "../../crds/claude-run.ts";
import type { CancelReason, FailureReason } from "../../crds/reasons.ts";
import { resumableSession } from "../../client/copy-spec.ts";
import type { Command } from "../shell-command.ts";
import * as raised from "./raised-limits.ts";

/** Returns a command and its flags, without the run's name; undefined if only the log explains the reason. */
type Step = (run: ClaudeRun) => Command | undefined;
/** Returns flags for the new run; undefined if the change is unknown. */
type Flags = (run: ClaudeRun) => Command | undefined;

const unchanged: Flags = () => [];
/** Prints the copy, so that the user can edit and create it. */
const printed: Command = ["--dry-run=client", "-o", "yaml"];
const edit: Step = () => ["retry", ...printed];
const readTheLog: Step = () => undefined;

/** Repeats the work. */
function retry(flags: Flags = unchanged): Step {
  return (run) => ["retry", ...(flags(run) ?? printed)];
}

/** Continues the session if the workspace kept it, otherwise repeats the work. */
function continueOrRetry(flags: { readonly retried?: Flags; readonly continued?: Flags } = {}): Step {
  const { retried = unchanged, continued = unchanged } = flags;
  return (run) =>
    resumableSession(run).ok ? ["continue", ...(continued(run) ?? printed)] : ["retry", ...(retried(run) ?? printed)];
}

const both = (flags: Flags): Step => continueOrRetry({ retried: flags, continued: flags });
/** Without this flag, a copy would resume the same session again. */
const newSession: Flags = ({ spec }) => (spec.session === undefined ? [] : ["--new-session"]);

/** The step after each reason of this version's operator. */
export const steps: Readonly<Record<FailureReason | CancelReason, Step>> = {
  InvalidSpec: edit,
  AgentBusy: retry(),
  QueueDeadlineExceeded: retry(raised.queueDeadline),
  StartDeadlineExceeded: retry(raised.startDeadline),
  Unschedulable: retry(),
  ImagePullFailed: edit,
  ContainerStartFailed: retry(),
  RunnerMissing: edit,
  ClaudeMissing: edit,
  QuotaExceeded: retry(),
  JobCreateFailed: edit,
  RunnerChanged: retry(),
  JobSuspended: retry(raised.startDeadline),
  DeadlineExceeded: continueOrRetry({ retried: raised.timeout }),
  IdleTimeout: continueOrRetry(),
  NoOutput: retry(),
  OOMKilled: both(raised.memory),
  LimitExceeded: both(raised.ownLimit),
  Evicted: continueOrRetry(),
  Preempted: continueOrRetry(),
  NodeLost: continueOrRetry(),
  ContainerLost: continueOrRetry(),
  PodDeleted: continueOrRetry(),
  JobLost: continueOrRetry(),
  AuthenticationFailed: retry(),
  UsageLimited: continueOrRetry(),
  RateLimited: continueOrRetry(),
  ApiError: continueOrRetry(),
  InvalidRequest: edit,
  ModelNotFound: edit,
  Refusal: edit,
  MaxTurns: continueOrRetry({ retried: raised.maxTurns }),
  BudgetExceeded: continueOrRetry({ retried: raised.budget }),
  SessionNotFound: retry(newSession),
  SessionRejected: retry(newSession),
  PromptTooLarge: (run) => (run.spec.session === undefined ? edit(run) : ["retry", "--new-session"]),
  OutputTooLong: retry(raised.outputTokens),
  PromptBlocked: edit,
  ClaudeStartFailed: edit,
  CreditExhausted: continueOrRetry(),
  NoResult: continueOrRetry(),
  ClaudeFailed: readTheLog,
  ResultUnreadable: continueOrRetry(),
  // The user may want to continue a cancelled run.
  Cancelled: continueOrRetry(),
  Replaced: continueOrRetry(),
  ClientLost: continueOrRetry(),
};

/** Returns the next command. For an unknown reason, `retryable` in the status decides. */
export function stepAfter(run: ClaudeRun, reason: string): Command | undefined {
  if (Object.hasOwn(steps, reason)) return steps[reason as keyof typeof steps](run);
  return run.status?.failure?.retryable === true || run.status?.phase === "Cancelled"
    ? continueOrRetry()(run)
    : undefined;
}
