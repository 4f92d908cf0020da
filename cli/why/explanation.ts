/** Explains a run: its state, what happened and what to do. Pure; -o json prints the result unchanged. */
import type { ClaudeRun } from "../../crds/claude-run.ts";
import { cancelReasons, failureReasons, isFailureReason, queuedReasons } from "../../crds/reasons.ts";
import { isFinished } from "../../crds/finished.ts";
import { succeededCondition } from "../../client/run-facts.ts";
import { isSafeToShow, commandLine, commandOf, type Command } from "../shell-command.ts";
import type { Facts } from "./facts.ts";
import { nextCommands } from "./next-commands.ts";
import { timelineOf, type TimelineEntry } from "./timeline.ts";
import { typedFacts, type TypedFacts } from "./typed-facts.ts";

/** The output of `why`, documented in docs/kubectl-claude.md. */
export interface Explanation {
  readonly name: string;
  readonly namespace: string;
  readonly agent: string;
  /** Not set until an operator has processed the run. */
  readonly phase?: string;
  /** Reason of the condition Succeeded. */
  readonly reason?: string;
  /** Meaning of the reason, as in docs/failure-reasons.md. */
  readonly meaning?: string;
  /** Message of the component that found the reason. */
  readonly message?: string;
  readonly whatToDo?: string;
  /** True if a retry of the same spec may succeed; of a failed run only. */
  readonly retryable?: boolean;
  readonly facts: TypedFacts;
  readonly timeline: readonly TimelineEntry[];
  /** Proposed commands, as lists of words. */
  readonly next: readonly Command[];
  /** Parts that could not be read, with the error. */
  readonly gaps: readonly string[];
}

const retryAdvice = "A retry of the same run may succeed.";
/** Commands in a reason's advice. The section "Next" has complete ones. */
const namedCommand = / \(kubectl [^)]*\)/g;

/** Returns the explanation. `flags` are kubectl's flags for the proposed commands. */
export function explain(facts: Facts, flags: Command): Explanation {
  const { run } = facts;
  const { metadata, spec, status } = run;
  const { reason, message } = succeededCondition(run);
  const meaning = meaningOf(run, reason);
  const whatToDo = adviceOf(facts, reason, flags);
  const ownMessage = withoutAdvice(status?.failure?.message ?? message, reason)
    .replace(meaning ?? "", "")
    .trim();
  return {
    name: metadata.name,
    namespace: metadata.namespace,
    agent: spec.agent,
    ...(status?.phase === undefined ? {} : { phase: status.phase }),
    ...(reason === "" ? {} : { reason }),
    ...(meaning === undefined ? {} : { meaning }),
    ...(ownMessage === "" || ownMessage === meaning ? {} : { message: ownMessage }),
    ...(whatToDo === undefined ? {} : { whatToDo }),
    ...(status?.failure === undefined ? {} : { retryable: status.failure.retryable }),
    facts: typedFacts(facts),
    timeline: timelineOf(facts),
    next: nextCommands(run, reason, flags),
    gaps: facts.gaps,
  };
}

function meaningOf({ status }: ClaudeRun, reason: string): string | undefined {
  if (status?.phase === "Failed" && isFailureReason(reason)) return failureReasons[reason].meaning;
  if (Object.hasOwn(cancelReasons, reason)) return cancelReasons[reason as keyof typeof cancelReasons];
  if (Object.hasOwn(queuedReasons, reason)) return queuedReasons[reason as keyof typeof queuedReasons];
  return undefined;
}

function adviceOf({ run }: Facts, reason: string, flags: Command): string | undefined {
  const { status, metadata, spec } = run;
  if (isFinished(run)) {
    if (status?.phase !== "Failed" || !isFailureReason(reason)) return undefined;
    const { whatToDo, retryable } = failureReasons[reason];
    const advice = whatToDo.replace(namedCommand, "");
    return retryable ? `${advice} ${retryAdvice}` : advice;
  }
  const command = (name: string, ...words: Command): string | undefined => {
    const all = commandOf(flags, name, ...words);
    return isSafeToShow(all) ? commandLine(all) : undefined;
  };
  if (status?.phase === undefined) {
    return `No operator has processed the run yet. Check the operator with: ${command("doctor") ?? "kubectl claude doctor"}`;
  }
  const resume = command("resume", metadata.name);
  if (reason === "Suspended" && resume !== undefined) return `To admit it: ${resume}`;
  if (reason === "AgentBusy")
    return `Wait, or cancel the runs ahead. Runs of other agents than ${spec.agent} are not affected.`;
  return undefined;
}

/** Removes the advice from the operator's message; `whatToDo` has it. */
function withoutAdvice(message: string, reason: string): string {
  return isFailureReason(reason) ? message.replace(failureReasons[reason].whatToDo, "").trim() : message.trim();
}
