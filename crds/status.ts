/** The status of a ClaudeRun: what is. Only the operator writes it, so null need not be borne here. */
import * as z from "zod";
import { spentDollars } from "./formats.ts";
import { celList, changing, immutable, patterned, type TransitionRule } from "./rules.ts";
import { count, integer, keyedList, list, text, time } from "./fields.ts";

/** What a run can be in; derived from its conditions. */
export const phases = ["Queued", "Pending", "Running", "Succeeded", "Failed", "Cancelled"] as const;
/** Phases that never change. */
export const finishedPhases = ["Succeeded", "Failed", "Cancelled"] as const;

/** Bounds that a writer of the status has to cut its texts to, in characters. */
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
const money = () => patterned(text({ min: 0, max: 32 }), spentDollars);
const flag = (description: string) => z.boolean().describe(description).exactOptional();
const counted = (description: string) => count().describe(description).exactOptional();
const at = (description: string) => time().describe(description).exactOptional();

const condition = z.strictObject({
  type: text({ max: 128 }).describe(
    "Succeeded, Finished, Admitted, PodScheduled, Started, ResultRecorded or LogsAvailable; more may come.",
  ),
  status: z.enum(["True", "False", "Unknown"]).describe("Whether it holds."),
  observedGeneration: count().describe("Generation of the spec that it speaks of.").exactOptional(),
  lastTransitionTime: time().describe("When status last changed."),
  reason: text({ max: statusLimits.reason }).describe("One word for programs; see failure-reasons.md."),
  message: message().describe("A sentence for people."),
});

const usageFields = {
  inputTokens: count().describe("Tokens read without the cache."),
  outputTokens: count().describe("Tokens written."),
  cacheReadInputTokens: count().describe("Tokens read from the prompt cache."),
  cacheCreationInputTokens: count().describe("Tokens written to the prompt cache."),
};
const costUSD = () =>
  money()
    .describe("US dollars spent by this run alone, all attempts, as a decimal string; absent if unknown.")
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
  subtype: word().describe("claude's word for its end: success, error_max_turns, …").exactOptional(),
  isError: flag("Whether claude called it an error."),
  text: text({ min: 0, max: statusLimits.resultText })
    .describe("claude's last words, about 2.5 KB of them; the whole text is in the log.")
    .exactOptional(),
  textBytes: counted("Bytes of the whole text in UTF-8."),
  textTruncated: flag("Whether text was cut."),
  turns: counted("Turns of the conversation in this run, all attempts."),
  durationMs: counted("Milliseconds that claude worked."),
  apiDurationMs: counted("Milliseconds of them that it waited for the API."),
  stopReason: word().describe("Why the model stopped: end_turn, refusal, …").exactOptional(),
  costUSD: costUSD(),
  usage: z.strictObject(usageFields).describe("Tokens of this run.").exactOptional(),
  models: list(model, statusLimits.models).describe("Cost and tokens by model, dearest first.").exactOptional(),
  permissionDenials: counted("Tool calls that were denied."),
  exitCode: integer(-2_147_483_648, 2_147_483_647).describe("Exit code of claude.").exactOptional(),
  signal: text({ max: 32 }).describe("Signal that ended claude, such as SIGTERM.").exactOptional(),
  hung: flag("claude had given its result and did not end by itself."),
  incomplete: flag("A container could not report its end: the figures are what is known, and no more."),
});

const reference = (kind: string) => ({
  name: text({ max: 253 }).describe(`Name of the ${kind}.`),
  uid: text({ max: 64 }).describe(`Uid of the ${kind}.`),
});

/** Fields that never change once phase is a finished one. */
export const finalFields = ["queuedTime", "admittedTime", "startTime", "completionTime", "result", "failure"] as const;

function keptOnceFinished(field: (typeof finalFields)[number]): TransitionRule {
  const kept = immutable(field, "optional");
  return {
    rule: `!has(oldSelf.phase) || !(oldSelf.phase in ${celList(finishedPhases)}) || (${kept.rule})`,
    message: `${field} must stay as it is once the run has finished: create a new run`,
    fieldPath: `.${field}`,
  };
}

const fields = z.strictObject({
  observedGeneration: counted("Generation of the spec that the operator has seen."),
  phase: z
    .enum(phases)
    .describe("One word for people. A finished phase (Succeeded, Failed, Cancelled) never changes.")
    .exactOptional(),
  queuePosition: counted(
    "Place in the agent's queue, from 1; exact for the first five, otherwise a minute old or, in queues of hundreds, some.",
  ),
  attempt: counted("Number of the attempt, from 1; more than 1 after disruptions. It only grows."),
  conditions: keyedList(condition, "type", statusLimits.conditions)
    .describe("Each side of the run's state with its reason. Finished is True in either outcome: wait for that.")
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
      node: word().describe("Node that it is on.").exactOptional(),
      phase: word().describe("Its phase.").exactOptional(),
      reason: word().describe("Its own reason, such as Evicted.").exactOptional(),
      message: message().describe("Its own message.").exactOptional(),
      waitingReason: word().describe("Why its container waits, such as ImagePullBackOff.").exactOptional(),
    })
    .describe("The pod of the newest attempt, in Kubernetes' own words.")
    .exactOptional(),
  log: z
    .strictObject({
      lines: counted("Lines written."),
      bytes: counted("Bytes written."),
      lastLineTime: at("When the last line was written."),
      sha256: text({ max: 64 }).describe("Digest of all these bytes, in hexadecimal.").exactOptional(),
      complete: flag("Whether the figures are those of the whole log."),
    })
    .describe("The container's log up to the runner's last line: sampled while it runs, exact at the end.")
    .exactOptional(),
  progress: z
    .strictObject({
      turns: counted("Turns so far."),
      lastActivityTime: at("When claude last wrote something."),
      activity: word().describe("What it does: thinking, a tool's name, waiting for the API.").exactOptional(),
    })
    .describe("How far it is, sampled while it runs.")
    .exactOptional(),
  session: z
    .strictObject({ id: text({ max: 128 }).describe("Give it to session.resume to continue.") })
    .describe("The session that the run was in.")
    .exactOptional(),
  result: result
    .describe("What claude reported at its end, also after a failure; before, the figures of earlier attempts.")
    .exactOptional(),
  failure: z
    .strictObject({
      reason: text({ max: 64 }).describe("A word of the list in failure-reasons.md; bear new ones."),
      message: message().describe("What happened and what to do."),
      retryable: z.boolean().describe("Whether the same spec may well succeed if run again."),
      resumeAfterTime: at("When the usage limit ends; UsageLimited only."),
    })
    .describe("Why the run failed; absent unless phase is Failed.")
    .exactOptional(),
});

export const statusSchema = changing(fields, ...finalFields.map(keptOnceFinished));
