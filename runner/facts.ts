/** Collects from the events, as they pass, all that the rules of classify.ts and the report need. */
import { activityAfter } from "./activity.ts";
import { booleanAt, listAt, numberAt, objectAt, stringAt, type JsonObject } from "./event.ts";
import { decimalUSD } from "./money.ts";
import { RunSpend, readModels, type SpendFields } from "./spend.ts";

/** The last `result` event, reduced to what is used. */
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
}

/** One run's events. Everything is updated in place by `add`. */
export class Facts {
  sawInit = false;
  last: LastResult | undefined;
  /** The newest session id on any line. */
  sessionId: string | undefined;
  /** Sum of `num_turns` over results; undefined without a result. */
  turns: number | undefined;
  /** Sum of `duration_ms` over results: each counts only its own turns. */
  durationMs: number | undefined;
  /** `error` words of assistant events since the last result before the newest one. */
  assistantErrors = new Set<string>();
  assistantErrorStatus: number | undefined;
  /** The newest of each kind of limit: a later "allowed" takes an earlier "rejected" back. */
  readonly rateLimits = new Map<string, RateLimit>();
  /** Size of the newest `background_tasks_changed`. */
  backgroundTasks = 0;
  activity: string | undefined;
  /** Time of the newest event that carries one, in epoch milliseconds: for logs that are read later. */
  lastTimeMs: number | undefined;
  /** True while an answer came after the last result: its cost is in no result yet. */
  unpricedAnswer = false;
  readonly #spend = new RunSpend();
  #turnsSinceResult = 0;
  #lastMessageId: string | undefined;
  #resumed = false;

  /** Takes an event into account; unknown ones change nothing but the session id. */
  add(event: JsonObject): void {
    this.sessionId = stringAt(event, "session_id") ?? this.sessionId;
    this.activity = activityAfter(event) ?? this.activity;
    const time = Date.parse(stringAt(event, "timestamp") ?? "");
    if (!Number.isNaN(time)) this.lastTimeMs = time;
    const type = stringAt(event, "type");
    if (type === "system") this.#addSystem(event);
    else if (type === "assistant") this.#addAssistant(event);
    else if (type === "rate_limit_event") this.#addRateLimit(event);
    else if (type === "result") this.#addResult(event);
  }

  /** Turns so far, of finished results and of the one that is under way. */
  get turnsSoFar(): number {
    return (this.turns ?? 0) + this.#turnsSinceResult;
  }

  spend(): SpendFields {
    return this.#spend.fields();
  }

  /** The API time is the session's running total: it is this run's only if the session began with it. */
  get apiDurationMs(): number | undefined {
    return this.#resumed ? undefined : this.last?.apiDurationMs;
  }

  #addSystem(event: JsonObject): void {
    const subtype = stringAt(event, "subtype");
    if (subtype === "init") this.sawInit = true;
    if (subtype === "background_tasks_changed") this.backgroundTasks = listAt(event, "tasks")?.length ?? 0;
  }

  #addAssistant(event: JsonObject): void {
    if (!this.unpricedAnswer) this.#forgetErrors();
    this.unpricedAnswer = true;
    const error = stringAt(event, "error");
    if (error !== undefined) this.assistantErrors.add(error);
    this.assistantErrorStatus = numberAt(event, "api_error_status") ?? this.assistantErrorStatus;
    // A subagent's messages carry the tool call they belong to: they are not turns of the run.
    if (stringAt(event, "parent_tool_use_id") !== undefined) return;
    const id = stringAt(objectAt(event, "message"), "id");
    if (id === undefined || id !== this.#lastMessageId) this.#turnsSinceResult++;
    this.#lastMessageId = id;
  }

  #forgetErrors(): void {
    this.assistantErrors.clear();
    this.assistantErrorStatus = undefined;
  }

  #addRateLimit(event: JsonObject): void {
    const info = objectAt(event, "rate_limit_info");
    const status = stringAt(info, "status");
    if (status === undefined) return;
    this.rateLimits.set(stringAt(info, "rateLimitType") ?? "", { status, resetsAt: numberAt(info, "resetsAt") });
  }

  #addResult(event: JsonObject): void {
    if (this.last === undefined) this.#resumed = startedWithSpend(event);
    // An error result that never reached the model must not inherit the errors of the one before.
    if (!this.unpricedAnswer) this.#forgetErrors();
    this.last = readResult(event);
    this.turns = (this.turns ?? 0) + (numberAt(event, "num_turns") ?? 0);
    this.durationMs = (this.durationMs ?? 0) + (numberAt(event, "duration_ms") ?? 0);
    this.#spend.add(event);
    this.#turnsSinceResult = 0;
    this.#lastMessageId = undefined;
    this.unpricedAnswer = false;
  }
}

function readResult(event: JsonObject): LastResult {
  const errors = listAt(event, "errors")?.filter((error) => typeof error === "string");
  return {
    subtype: stringAt(event, "subtype"),
    isError: booleanAt(event, "is_error") ?? true,
    text: stringAt(event, "result") ?? errors?.join("\n"),
    stopReason: stringAt(event, "stop_reason"),
    terminalReason: stringAt(event, "terminal_reason"),
    apiErrorStatus: numberAt(event, "api_error_status"),
    apiError: stringAt(event, "api_error"),
    permissionDenials: listAt(event, "permission_denials")?.length,
    apiDurationMs: numberAt(event, "duration_api_ms"),
  };
}

/** True if the session had cost something before this run: its first total is more than the run's own part. */
function startedWithSpend(first: JsonObject): boolean {
  const since = objectAt(first, "model_usage_since_last_result");
  if (since === undefined) return false;
  const own = [...readModels(since).values()].reduce((sum, model) => sum + model.costUSD, 0);
  return decimalUSD(numberAt(first, "total_cost_usd") ?? 0) !== decimalUSD(own);
}
