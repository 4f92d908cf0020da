/** The status of a ClaudeRun: the observed state. Only the operator writes it, so null is not accepted. */
import * as z from "zod";
import { sessionId, spentDollars } from "./formats.ts";
import { celList, withTransitionRules, immutable, withPattern, type TransitionRule } from "./rules.ts";
import { count, integer, keyedList, list, text, time } from "./fields.ts";

/** Phases of a run; derived from its conditions. */
export const phases = ["Queued", "Pending", "Running", "Succeeded", "Failed", "Cancelled"] as const;
/** Phases that never change. */
export const finishedPhases = ["Succeeded", "Failed", "Cancelled"] as const;

/** Bounds to which the operator cuts texts of the status, in characters. */
export const statusLimits = {
  reason: 128,
  message: 4096,
  word: 256,
  resultText: 4096,
  conditions: 16,
  models: 4,
} as const;

const word = () => text({ min: 0, max: statusLimits.word });
const message = () => text({ min: 0, max: statusLimits.message });
const money = () => withPattern(text({ min: 0, max: 32 }), spentDollars);
const flag = (description: string) => z.boolean().describe(description).exactOptional();
const counted = (description: string) => count().describe(description).exactOptional();
const at = (description: string) => time().describe(description).exactOptional();

const condition = z.strictObject({
  type: text({ max: 128 }).describe(
    "Succeeded, Finished, Admitted, PodScheduled, Started, ResultRecorded or LogsAvailable; more may be added.",
  ),
  status: z.enum(["True", "False", "Unknown"]).describe("Whether it holds."),
  observedGeneration: count().describe("Generation of the spec that the condition describes.").exactOptional(),
  lastTransitionTime: time().describe("When status last changed."),
  reason: text({ max: statusLimits.reason }).describe("Machine-readable reason; see failure-reasons.md."),
  message: message().describe("Explanation in a sentence."),
});

const usageFields = {
  inputTokens: count().describe("Tokens read without the cache."),
  outputTokens: count().describe("Tokens written."),
  cacheReadInputTokens: count().describe("Tokens read from the prompt cache."),
  cacheCreationInputTokens: count().describe("Tokens written to the prompt cache."),
};
const costUSD = () =>
  money()
    .describe("US dollars spent by this run in all attempts, as a decimal string; absent if unknown.")
    .exactOptional();

const model = z.strictObject({
  model: word().describe("Full name of the model."),
  costUSD: costUSD(),
  inputTokens: usageFields.inputTokens.exactOptional(),
  outputTokens: usageFields.outputTokens.exactOptional(),
  cacheReadInputTokens: usageFields.cacheReadInputTokens.exactOptional(),
  cacheCreationInputTokens: usageFields.cacheCreationInputTokens.exactOptional(),
});

const result = z.strictObject({
  subtype: word().describe("Result subtype of claude: success, error_max_turns, …").exactOptional(),
  isError: flag("Whether claude reported an error."),
  text: text({ min: 0, max: statusLimits.resultText })
    .describe("claude's answer, at most about 2.5 KB; the whole text is in the log.")
    .exactOptional(),
  textBytes: counted("Bytes of the whole text in UTF-8."),
  textTruncated: flag("Whether text was cut."),
  turns: counted("Turns of the conversation in all attempts of this run."),
  durationMs: counted("Milliseconds that claude worked."),
  apiDurationMs: counted("Milliseconds of durationMs that claude waited for the API."),
  stopReason: word().describe("Why the model stopped: end_turn, max_tokens, …").exactOptional(),
  costUSD: costUSD(),
  usage: z.strictObject(usageFields).describe("Tokens of this run.").exactOptional(),
  models: list(model, statusLimits.models).describe("Cost and tokens by model, most expensive first.").exactOptional(),
  permissionDenials: counted("Tool calls that were denied."),
  exitCode: integer(-2_147_483_648, 2_147_483_647).describe("Exit code of claude.").exactOptional(),
  signal: text({ max: 32 }).describe("Signal that ended claude, such as SIGTERM.").exactOptional(),
  hung: flag("Whether claude reported its result and did not exit."),
  incomplete: flag("Whether a container could not report its end, so that the figures cover only the known part."),
});

const reference = (kind: string) => ({
  name: text({ max: 253 }).describe(`Name of the ${kind}.`),
  uid: text({ max: 64 }).describe(`Uid of the ${kind}.`),
});

/** Fields that never change once the run has finished. */
export const finalFields = ["queuedTime", "admittedTime", "startTime", "completionTime", "result", "failure"] as const;

function immutableOnceFinished(field: (typeof finalFields)[number]): TransitionRule {
  const kept = immutable(field, "optional");
  return {
    rule: `!has(oldSelf.phase) || !(oldSelf.phase in ${celList(finishedPhases)}) || (${kept.rule})`,
    message: `${field} must not change once the run has finished: create a new run`,
    fieldPath: `.${field}`,
  };
}

const fields = z.strictObject({
  observedGeneration: counted("Generation of the spec that the operator has seen."),
  phase: z
    .enum(phases)
    .describe("Summary of the conditions. A finished phase (Succeeded, Failed, Cancelled) never changes.")
    .exactOptional(),
  queuePosition: counted(
    "Position in the agent's queue, from 1. Exact for the first five; otherwise up to a minute old, in queues of hundreds " +
      "up to several.",
  ),
  attempt: counted("Number of the attempt, from 1. It only grows, by one for each disruption that is retried."),
  conditions: keyedList(condition, "type", statusLimits.conditions)
    .describe("State of the run with reasons. Wait for Finished: it turns True in either outcome.")
    .exactOptional(),
  queuedTime: at("When the operator first saw the run."),
  admittedTime: at("When the run got its agent's slot."),
  startTime: at("When the container started."),
  completionTime: at("When the run ended."),
  job: z
    .strictObject({ ...reference("Job"), uid: reference("Job").uid.exactOptional() })
    .describe("The Job of the newest attempt.")
    .exactOptional(),
  pod: z
    .strictObject({
      ...reference("pod"),
      node: word().describe("Node of the pod.").exactOptional(),
      phase: word().describe("Phase of the pod.").exactOptional(),
      reason: word().describe("Reason of the pod, such as Evicted.").exactOptional(),
      message: message().describe("Message of the pod.").exactOptional(),
      waitingReason: word().describe("Why the container waits, such as ImagePullBackOff.").exactOptional(),
    })
    .describe("The pod of the newest attempt, as Kubernetes reports it.")
    .exactOptional(),
  log: z
    .strictObject({
      lines: counted("Lines written."),
      bytes: counted("Bytes written."),
      lastLineTime: at("When the last line was written."),
      sha256: text({ max: 64 }).describe("SHA-256 digest of these bytes, in hexadecimal.").exactOptional(),
      complete: flag("Whether the figures cover the whole log."),
    })
    .describe("The container's log up to the runner's last line: sampled while it runs, exact at the end.")
    .exactOptional(),
  progress: z
    .strictObject({
      turns: counted("Turns so far."),
      lastActivityTime: at("When claude last wrote output."),
      activity: word().describe("Current activity: thinking, the name of a tool, waiting for the API.").exactOptional(),
    })
    .describe("Progress, sampled while the run is active.")
    .exactOptional(),
  session: z
    .strictObject({ id: text({ max: 128 }, sessionId).describe("Id for session.resume to continue the session.") })
    .describe("The session of the run.")
    .exactOptional(),
  result: result
    .describe("claude's report at its end, also after a failure. Before the end: the figures of earlier attempts.")
    .exactOptional(),
  failure: z
    .strictObject({
      reason: text({ max: 64 }).describe("One of failure-reasons.md; new values may be added."),
      message: message().describe("Explanation with the next step."),
      retryable: z.boolean().describe("Whether the same spec may succeed when it is run again."),
      resumeAfterTime: at("When the usage limit ends; UsageLimited only."),
    })
    .describe("Why the run failed; absent unless phase is Failed.")
    .exactOptional(),
});

export const statusSchema = withTransitionRules(fields, ...finalFields.map(immutableOnceFinished));
