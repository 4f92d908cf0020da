/** What the host needs to know of claude's output beyond the report, gathered as it passes; nothing is kept whole. */
import { isObject } from "../spec/values.ts";

const maxTextLength = 32_768;

/** Reads every line once. */
export class Transcript {
  /** The last result event, as claude wrote it. */
  result: Readonly<Record<string, unknown>> | undefined;
  model: string | undefined;
  sessionId: string | undefined;
  /** An answer with tokens in it was seen. */
  hasAnswer = false;
  /** The last answer had no tokens and no reason to stop, and nothing came after it. */
  isEmptyAnswer = false;
  /** The last words that are not JSON, of stdout or stderr. */
  lastWords: string | undefined;
  #texts: string[] = [];
  #length = 0;

  /** What claude said, block by block; several blocks of one message are several events. */
  get text(): string {
    return this.#texts.join("\n\n");
  }

  /** One line of claude's stdout. */
  read(line: string): void {
    const event = parsed(line);
    if (event === undefined) {
      if (line.trim() !== "") this.lastWords = line.trim().slice(0, 1_000);
      return;
    }
    if (typeof event["session_id"] === "string") this.sessionId = event["session_id"];
    if (event["type"] === "system" && event["subtype"] === "init" && typeof event["model"] === "string") {
      this.model = event["model"];
    }
    if (event["type"] === "assistant") this.#answer(event);
    if (event["type"] === "result") {
      this.result = event;
      this.isEmptyAnswer = false;
    }
  }

  /** One line of claude's stderr. */
  readStderr(text: string): void {
    if (text.trim() !== "") this.lastWords = text.trim().slice(0, 1_000);
  }

  #answer(event: Readonly<Record<string, unknown>>): void {
    const message = isObject(event["message"]) ? event["message"] : {};
    const usage = isObject(message["usage"]) ? message["usage"] : {};
    const tokens = numberOf(usage["output_tokens"]) ?? numberOf(message["output_tokens"]);
    const stop = "stop_reason" in message ? message["stop_reason"] : usage["stop_reason"];
    this.hasAnswer ||= (tokens ?? 0) > 0;
    this.isEmptyAnswer = stop === null && tokens === 0;
    for (const block of Array.isArray(message["content"]) ? (message["content"] as unknown[]) : []) {
      if (!isObject(block) || block["type"] !== "text" || typeof block["text"] !== "string") continue;
      this.#length += block["text"].length;
      if (this.#length <= maxTextLength) this.#texts.push(block["text"]);
    }
  }
}

function parsed(line: string): Record<string, unknown> | undefined {
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
