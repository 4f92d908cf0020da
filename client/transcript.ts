/** Collects facts from claude's output that the runner's report does not have, without keeping the output. */
import { isObject } from "../crds/json.ts";

const maxTextLength = 32_768;

/** Reads each line of the log once. */
export class Transcript {
  /** The last result event, as claude wrote it. */
  result: Readonly<Record<string, unknown>> | undefined;
  model: string | undefined;
  sessionId: string | undefined;
  /** True once an answer had output tokens. */
  hasAnswer = false;
  /** True if the last answer had neither tokens nor a stop reason, and no result followed. */
  isEmptyAnswer = false;
  /** The last line of stdout or stderr that is not JSON, at most 1,000 characters. */
  lastPlainLine: string | undefined;
  #texts: string[] = [];
  #length = 0;

  /** Claude's text blocks, separated by empty lines, at most 32 KiB. */
  get text(): string {
    return this.#texts.join("\n\n");
  }

  /** Reads one line of claude's stdout. */
  read(line: string): void {
    const event = parseObject(line);
    if (event === undefined) {
      if (line.trim() !== "") this.lastPlainLine = line.trim().slice(0, 1_000);
      return;
    }
    if (typeof event["session_id"] === "string") this.sessionId = event["session_id"];
    if (event["type"] === "system" && event["subtype"] === "init" && typeof event["model"] === "string") {
      this.model = event["model"];
    }
    if (event["type"] === "assistant") this.#readAnswer(event);
    if (event["type"] === "result") {
      this.result = event;
      this.isEmptyAnswer = false;
    }
  }

  /** Reads one line of claude's stderr. */
  readStderr(text: string): void {
    if (text.trim() !== "") this.lastPlainLine = text.trim().slice(0, 1_000);
  }

  #readAnswer(event: Readonly<Record<string, unknown>>): void {
    const message = isObject(event["message"]) ? event["message"] : {};
    const usage = isObject(message["usage"]) ? message["usage"] : {};
    const tokens = numberOf(usage["output_tokens"]) ?? numberOf(message["output_tokens"]);
    const stop = "stop_reason" in message ? message["stop_reason"] : usage["stop_reason"];
    this.hasAnswer ||= (tokens ?? 0) > 0;
    this.isEmptyAnswer = stop === null && tokens === 0;
    for (const block of Array.isArray(message["content"]) ? (message["content"] as unknown[]) : []) {
      if (!isObject(block) || block["type"] !== "text" || typeof block["text"] !== "string") continue;
      if (block["text"] === "") continue;
      this.#length += block["text"].length;
      if (this.#length <= maxTextLength) this.#texts.push(block["text"]);
    }
  }
}

function parseObject(line: string): Record<string, unknown> | undefined {
  if (!line.trimStart().startsWith("{")) return undefined;
  try {
    const value: unknown = JSON.parse(line);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function numberOf(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}
