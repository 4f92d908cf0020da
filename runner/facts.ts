/** Collects the facts for classify.ts and the report from the stream of events. */
import { activityAfter } from "./activity.ts";
import { asObject, booleanField, listField, numberField, objectField, stringField, type JsonObject } from "./event.ts";
import { decimalUSD } from "./money.ts";
import { RunSpend, readModels, type SpendFields } from "./spend.ts";

/** The used fields of the last `result` event. */
export interface LastResult {
  readonly subtype: string | undefined;
  readonly isError: boolean;
  /** `result`, or `errors` joined by newlines. */
  readonly text: string | undefined;
  readonly stopReason: string | undefined;
  readonly terminalReason: string | undefined;
  readonly apiErrorStatus: number | undefined;
  readonly apiError: string | undefined;
  readonly permissionDenials: number | undefined;
  readonly apiDurationMs: number | undefined;
}

/** `rate_limit_info` of a `rate_limit_event`. */
export interface RateLimit {
  readonly status: string;
  /** Epoch seconds. */
  readonly resetsAt: number | undefined;
  /** True if the account uses extra usage, so that a rejected plan limit does not stop it. */
  readonly isUsingOverage: boolean;
}

/** The newest answer of the main conversation, without subagents. */
export interface LastAnswer {
  /** The CLI's name for an API error, such as `rate_limit`; undefined for an answer of the model. */
  readonly error: string | undefined;
  readonly status: number | undefined;
  readonly apiError: string | undefined;
  /** The last text block. */
  readonly text: string | undefined;
}

/** A task that may run longer than claude's turn. */
export interface BackgroundTask {
  readonly id: string;
  readonly description: string | undefined;
}

const maxRateLimits = 32;
const maxTasks = 100;

/** Facts of one run, updated by `add`. */
export class Facts {
  hasInit = false;
  lastResult: LastResult | undefined;
  /** The newest session id on any line. */
  sessionId: string | undefined;
  /** Sum of `num_turns` over results; undefined without a result. */
  turns: number | undefined;
  /** Sum of `duration_ms` over results: each counts only its own turns. */
  durationMs: number | undefined;
  /** The newest answer since the last result before the newest one. */
  lastAnswer: LastAnswer | undefined;
  /** The newest event of each kind of limit. A later "allowed" or a later answer of the model clears a "rejected". */
  readonly rateLimits = new Map<string, RateLimit>();
  /** Tasks of the newest `background_tasks_changed` event. */
  backgroundTasks: readonly BackgroundTask[] = [];
  /** True from a result until claude starts another turn. */
  isAnswered = false;
  /** Message of a hook that blocked the newest prompt. */
  blockedBy: string | undefined;
  activity: string | undefined;
  /** Newest timestamp of an event in epoch milliseconds, for logs that are read later. */
  lastTimeMs: number | undefined;
  /** True if the cost of the newest answer is in no result yet. */
  hasUnpricedAnswer = false;
  readonly #spend = new RunSpend();
  #turnsSinceResult = 0;
  #lastMessageId: string | undefined;
  #isResumed = false;

  /** Adds an event; unknown events only update the session id. */
  add(event: JsonObject): void {
    this.sessionId = stringField(event, "session_id") ?? this.sessionId;
    this.activity = activityAfter(event) ?? this.activity;
    const time = Date.parse(stringField(event, "timestamp") ?? "");
    if (!Number.isNaN(time)) this.lastTimeMs = time;
    const type = stringField(event, "type");
    if (beginsTurn(type, event)) this.isAnswered = false;
    if (type === "system") this.#addSystem(event);
    else if (type === "assistant") this.#addAssistant(event);
    else if (type === "rate_limit_event") this.#addRateLimit(event);
    else if (type === "result") this.#addResult(event);
  }

  /** Turns so far, including those after the last result. */
  get turnsSoFar(): number {
    return (this.turns ?? 0) + this.#turnsSinceResult;
  }

  spend(): SpendFields {
    return this.#spend.fields();
  }

  /** API time of this run; undefined for a resumed session, because claude reports the session's total. */
  get apiDurationMs(): number | undefined {
    return this.#isResumed ? undefined : this.lastResult?.apiDurationMs;
  }

  #addSystem(event: JsonObject): void {
    const subtype = stringField(event, "subtype");
    if (subtype === "init") this.hasInit = true;
    if (subtype === "background_tasks_changed")
      this.backgroundTasks = (listField(event, "tasks") ?? []).slice(0, maxTasks).map(readTask);
    if (subtype === "informational" && booleanField(event, "prevent_continuation") === true) {
      this.blockedBy = stringField(event, "content");
    }
  }

  #addAssistant(event: JsonObject): void {
    this.hasUnpricedAnswer = true;
    // Messages with a parent tool call belong to subagents and are not turns of the run.
    if (stringField(event, "parent_tool_use_id") !== undefined) return;
    this.lastAnswer = readAnswer(event);
    // An answer of the model shows that an earlier rejection did not stop the run.
    if (this.lastAnswer.error === undefined) this.#clearRejections();
    this.blockedBy = undefined;
    const id = stringField(objectField(event, "message"), "id");
    if (id === undefined || id !== this.#lastMessageId) this.#turnsSinceResult++;
    this.#lastMessageId = id;
  }

  #clearRejections(): void {
    for (const [type, limit] of this.rateLimits) if (limit.status === "rejected") this.rateLimits.delete(type);
  }

  #addRateLimit(event: JsonObject): void {
    const info = objectField(event, "rate_limit_info");
    const status = stringField(info, "status");
    if (status === undefined) return;
    const type = stringField(info, "rateLimitType") ?? "";
    const isUsingOverage = booleanField(info, "isUsingOverage") ?? false;
    this.rateLimits.set(type, { status, resetsAt: numberField(info, "resetsAt"), isUsingOverage });
    // Bounded, because the stream chooses the names of the limits.
    if (this.rateLimits.size > maxRateLimits) this.rateLimits.delete(this.rateLimits.keys().next().value ?? "");
  }

  #addResult(event: JsonObject): void {
    if (this.lastResult === undefined) this.#isResumed = hadEarlierSpend(event);
    // An error result without a request to the model must not inherit earlier errors.
    if (!this.hasUnpricedAnswer) this.lastAnswer = undefined;
    this.isAnswered = true;
    this.lastResult = readResult(event);
    this.turns = (this.turns ?? 0) + (numberField(event, "num_turns") ?? 0);
    this.durationMs = (this.durationMs ?? 0) + (numberField(event, "duration_ms") ?? 0);
    this.#spend.add(event);
    this.#turnsSinceResult = 0;
    this.#lastMessageId = undefined;
    this.hasUnpricedAnswer = false;
  }
}

/** True for events that start a turn; others after a result, such as the end of a background task, keep the answer. */
function beginsTurn(type: string | undefined, event: JsonObject): boolean {
  if (type === "system") return ["init", "api_retry"].includes(stringField(event, "subtype") ?? "");
  return type === "assistant" || type === "user" || type === "stream_event";
}

function readTask(value: unknown): BackgroundTask {
  const task = asObject(value);
  return { id: stringField(task, "task_id") ?? "without an id", description: stringField(task, "description") };
}

function readAnswer(event: JsonObject): LastAnswer {
  const message = objectField(event, "message");
  const blocks = (listField(message, "content") ?? []).map(asObject);
  return {
    // 2.1.197 marks an API error only by the model's name.
    error: stringField(event, "error") ?? (stringField(message, "model") === "<synthetic>" ? "unknown" : undefined),
    status: numberField(event, "api_error_status"),
    apiError: stringField(event, "api_error"),
    text: stringField(
      blocks.findLast((block) => stringField(block, "type") === "text"),
      "text",
    ),
  };
}

function readResult(event: JsonObject): LastResult {
  const errors = listField(event, "errors")?.filter((error) => typeof error === "string");
  return {
    subtype: stringField(event, "subtype"),
    isError: booleanField(event, "is_error") ?? true,
    text: withoutQuotedPrompt(event, stringField(event, "result")) ?? errors?.join("\n"),
    stopReason: stringField(event, "stop_reason"),
    terminalReason: stringField(event, "terminal_reason"),
    apiErrorStatus: numberField(event, "api_error_status"),
    apiError: stringField(event, "api_error"),
    permissionDenials: listField(event, "permission_denials")?.length,
    apiDurationMs: numberField(event, "duration_api_ms"),
  };
}

/** Removes the prompt that claude quotes after a blocking hook's text, because it may come from a Secret. */
function withoutQuotedPrompt(event: JsonObject, text: string | undefined): string | undefined {
  if (
    numberField(event, "num_turns") !== 0 ||
    text?.startsWith("UserPromptSubmit operation blocked by hook") !== true
  ) {
    return text;
  }
  return text.split("\n\nOriginal prompt:", 1)[0]?.trim();
}

/** True if the session had spend before this run: its first total exceeds this run's part. */
function hadEarlierSpend(first: JsonObject): boolean {
  const since = objectField(first, "model_usage_since_last_result");
  if (since === undefined) return false;
  const own = [...readModels(since).values()].reduce((sum, model) => sum + model.costUSD, 0);
  return decimalUSD(numberField(first, "total_cost_usd") ?? 0) !== decimalUSD(own);
}
