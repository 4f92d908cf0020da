/** claude's stream-json → what the web page shows. It stands alone: the page evaluates it in a worker, as CommonJS. */

import { ownPrefix } from "../own-lines.ts";

/** An entry of the page's transcript, in the host's own words. */
export type TranscriptEntry =
  | { readonly kind: "init"; readonly ts: string; readonly model: string; readonly sessionId: string }
  | {
      readonly kind: "assistant" | "thinking" | "user" | "system" | "stdout";
      readonly ts: string;
      readonly text: string;
    }
  | {
      readonly kind: "tool_call";
      readonly ts: string;
      readonly name: string;
      readonly input: unknown;
      readonly toolUseId?: string;
    }
  | {
      readonly kind: "tool_result";
      readonly ts: string;
      readonly toolUseId: string;
      readonly content: string;
      readonly isError: boolean;
    }
  | {
      readonly kind: "result";
      readonly ts: string;
      readonly text: string;
      readonly inputTokens: number;
      readonly outputTokens: number;
      readonly cachedTokens: number;
      readonly costUsd: number;
      readonly subtype: string;
      readonly isError: boolean;
      readonly errors: string[];
    };

type Json = Readonly<Record<string, unknown>>;

/** One line of stdout; pure, and never throws. A line that says nothing of its own is shown as it is. */
export function parseStdoutLine(line: string, ts: string): TranscriptEntry[] {
  const event = objectOf(line);
  if (event === undefined) return plain(line, ts);
  const entries = entriesOf(event, ts);
  return entries ?? [{ kind: "stdout", ts, text: line }];
}

/** A line that is no event: the adapter's own is a word about the run, not of it. */
function plain(line: string, ts: string): TranscriptEntry[] {
  if (line.trim() === "") return [];
  if (line.startsWith(ownPrefix)) return [{ kind: "system", ts, text: line.slice(ownPrefix.length) }];
  return [{ kind: "stdout", ts, text: line }];
}

function entriesOf(event: Json, ts: string): TranscriptEntry[] | undefined {
  if (event["type"] === "system" && event["subtype"] === "init") {
    return [{ kind: "init", ts, model: text(event["model"]) || "unknown", sessionId: text(event["session_id"]) }];
  }
  if (event["type"] === "assistant") return blocksOf(event).flatMap((block) => assistant(block, ts));
  if (event["type"] === "user") return blocksOf(event).flatMap((block) => user(block, ts));
  if (event["type"] === "result") return [result(event, ts)];
  return undefined;
}

function assistant(block: Json, ts: string): TranscriptEntry[] {
  if (block["type"] === "text" && text(block["text"]) !== "")
    return [{ kind: "assistant", ts, text: text(block["text"]) }];
  if (block["type"] === "thinking" && text(block["thinking"]) !== "") {
    return [{ kind: "thinking", ts, text: text(block["thinking"]) }];
  }
  if (block["type"] !== "tool_use") return [];
  const id = text(block["id"]) || text(block["tool_use_id"]);
  const name = text(block["name"]) || "unknown";
  return [{ kind: "tool_call", ts, name, input: block["input"] ?? {}, ...(id === "" ? {} : { toolUseId: id }) }];
}

function user(block: Json, ts: string): TranscriptEntry[] {
  if (block["type"] === "text" && text(block["text"]) !== "") return [{ kind: "user", ts, text: text(block["text"]) }];
  if (block["type"] !== "tool_result") return [];
  return [
    {
      kind: "tool_result",
      ts,
      toolUseId: text(block["tool_use_id"]),
      content: contentOf(block["content"]),
      isError: block["is_error"] === true,
    },
  ];
}

function result(event: Json, ts: string): TranscriptEntry {
  const usage = isObject(event["usage"]) ? event["usage"] : {};
  return {
    kind: "result",
    ts,
    text: text(event["result"]),
    inputTokens: number(usage["input_tokens"]),
    outputTokens: number(usage["output_tokens"]),
    cachedTokens: number(usage["cache_read_input_tokens"]),
    costUsd: number(event["total_cost_usd"]),
    subtype: text(event["subtype"]),
    isError: event["is_error"] === true,
    errors: (Array.isArray(event["errors"]) ? (event["errors"] as unknown[]) : []).map(words),
  };
}

function blocksOf(event: Json): Json[] {
  const message = isObject(event["message"]) ? event["message"] : {};
  const content = message["content"];
  if (typeof content === "string") return [{ type: "text", text: content }];
  return Array.isArray(content) ? (content as unknown[]).filter(isObject) : [];
}

/** A tool's result is text, or a list of blocks. */
function contentOf(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return content === undefined ? "" : JSON.stringify(content);
  return (content as unknown[])
    .map((part) => (isObject(part) && typeof part["text"] === "string" ? part["text"] : JSON.stringify(part)))
    .join("\n");
}

function words(error: unknown): string {
  if (typeof error === "string") return error;
  return isObject(error) && typeof error["message"] === "string" ? error["message"] : JSON.stringify(error);
}

function objectOf(line: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function number(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) ? value : 0;
}
