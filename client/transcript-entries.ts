/** Parses a line of claude's stream-json into transcript entries. Pure, and small enough for a web page. */

import { isObject } from "../crds/json.ts";

/** One entry of a transcript; `ts` is the caller's time stamp. */
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

/** Returns the entries of one line of stdout. Never throws: an unknown line is one entry of kind `stdout`. */
export function transcriptEntries(line: string, ts: string): TranscriptEntry[] {
  const event = parseObject(line);
  if (event === undefined) return plain(line, ts);
  try {
    return entriesOf(event, ts) ?? [{ kind: "stdout", ts, text: line }];
  } catch {
    // JSON.parse accepts any depth, but JSON.stringify can exhaust the stack.
    return [{ kind: "stdout", ts, text: line }];
  }
}

/** Returns the entry of a line that is not an event. */
function plain(line: string, ts: string): TranscriptEntry[] {
  if (line.trim() === "") return [];
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
    errors: (Array.isArray(event["errors"]) ? (event["errors"] as unknown[]) : []).map(errorText),
  };
}

function blocksOf(event: Json): Json[] {
  const message = isObject(event["message"]) ? event["message"] : {};
  const content = message["content"];
  if (typeof content === "string") return [{ type: "text", text: content }];
  return Array.isArray(content) ? (content as unknown[]).filter(isObject) : [];
}

/** Returns the text of a tool's result: a string, or a list of blocks. */
function contentOf(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return content === undefined ? "" : JSON.stringify(content);
  return (content as unknown[])
    .map((part) => (isObject(part) && typeof part["text"] === "string" ? part["text"] : JSON.stringify(part)))
    .join("\n");
}

function errorText(error: unknown): string {
  if (typeof error === "string") return error;
  return isObject(error) && typeof error["message"] === "string" ? error["message"] : JSON.stringify(error);
}

function parseObject(line: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function number(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) ? value : 0;
}
