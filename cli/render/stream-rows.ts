/** Formats a line of claude's stream as rows: text in full, tools and thinking folded. Pure. */
import { transcriptEntries, type TranscriptEntry } from "../../client/transcript-entries.ts";
import { ageOf } from "../terminal/duration.ts";
import { cut } from "../terminal/cells.ts";
import { visible, visibleLine } from "../terminal/hidden.ts";
import type { Style } from "../terminal/terminal.ts";

/** One row of the output. */
export interface Row {
  readonly style: Style;
  readonly text: string;
}

/** How much is folded. */
export interface Folding {
  /** If true, nothing is folded. */
  readonly isFull: boolean;
  /** Width of a folded row in cells. */
  readonly width: number;
}

/** Rows shown of a folded tool result. */
const foldedResultRows = 3;

/** Returns the rows of one line; none for events that only programs need. */
export function streamRows(line: string, folding: Folding): Row[] {
  return transcriptEntries(line, "").flatMap((entry) => entryRows(entry, line, folding));
}

function entryRows(entry: TranscriptEntry, line: string, folding: Folding): Row[] {
  switch (entry.kind) {
    case "init":
      return [{ style: "dim", text: `session ${visibleLine(entry.sessionId)} with ${visibleLine(entry.model)}` }];
    case "assistant":
      return textRows(entry.text, "reset");
    case "user":
      return textRows(entry.text, "dim").map(({ text }) => ({ style: "dim", text: `> ${text}` }));
    case "thinking":
      return thinkingRows(entry.text, folding);
    case "tool_call":
      return toolCallRow(entry.name, entry.input, folding);
    case "tool_result":
      return toolResultRows(entry.content, entry.isError, folding);
    case "result":
      return resultRows(line, entry);
    case "system":
      return textRows(entry.text, "dim");
    case "stdout":
      return otherRows(entry.text);
  }
}

function textRows(text: string, style: Style): Row[] {
  return visible(text)
    .trimEnd()
    .split("\n")
    .map((row) => ({ style, text: row.trimEnd() }));
}

function thinkingRows(text: string, { isFull, width }: Folding): Row[] {
  const rows = textRows(text, "dim");
  if (isFull) return rows.map(({ text: row }) => ({ style: "dim", text: `  ∴ ${row}` }));
  const more = rows.length > 1 ? ` (${rows.length} lines)` : "";
  return [{ style: "dim", text: cut(`  ∴ ${rows[0]?.text ?? ""}`, width - more.length) + more }];
}

function toolCallRow(name: string, input: unknown, { isFull, width }: Folding): Row[] {
  const rows = visible(mainInput(input)).split("\n");
  const all: Row[] = rows.map((row, at) => ({
    style: "blue",
    text: at === 0 ? `  → ${visibleLine(name)} ${row}` : `      ${row}`,
  }));
  if (isFull) return all;
  const more = all.length > 1 ? ` (+${all.length - 1} lines)` : "";
  return [{ style: "blue", text: cut(all[0]?.text ?? "", width - more.length) + more }];
}

/** Returns the main field of a tool's input (command, file, pattern, …), or all of it as JSON. */
function mainInput(input: unknown): string {
  if (typeof input !== "object" || input === null) return String(input);
  const fields = input as Readonly<Record<string, unknown>>;
  for (const name of ["command", "file_path", "pattern", "url", "query", "description"]) {
    const value = fields[name];
    if (typeof value === "string") return value;
  }
  return JSON.stringify(input);
}

function toolResultRows(content: string, isError: boolean, { isFull, width }: Folding): Row[] {
  const style: Style = isError ? "red" : "dim";
  const rows = visible(content).trimEnd().split("\n");
  const shown = isFull ? rows : rows.slice(0, foldedResultRows).map((row) => cut(row.trimEnd(), width - 4));
  const hidden = rows.length - shown.length;
  const all = hidden > 0 ? [...shown, `… ${hidden} more lines`] : shown;
  return all.map((row, at) => ({ style, text: `  ${at === 0 ? (isError ? "✗" : "←") : " "} ${row}` }));
}

function resultRows(line: string, { isError, subtype, text, errors }: TranscriptEntry & { kind: "result" }): Row[] {
  const event = JSON.parse(line) as { readonly num_turns?: unknown; readonly duration_ms?: unknown };
  const turns = typeof event.num_turns === "number" ? [countOf(event.num_turns, "turn")] : [];
  const took = typeof event.duration_ms === "number" ? [ageOf(event.duration_ms)] : [];
  const head = [isError ? `✗ ${visibleLine(subtype)}` : "✓ done", ...turns, ...took].join(" · ");
  // The text of a success was printed already, as claude's last message.
  const errorRows = isError
    ? [text, ...errors].filter((each) => each.trim() !== "").flatMap((each) => textRows(each, "red"))
    : [];
  return [{ style: isError ? "red" : "green", text: head }, ...errorRows];
}

function countOf(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** Returns rows for events that explain a wait, and for lines that are not events; none for other events. */
function otherRows(line: string): Row[] {
  const event = eventOf(line);
  if (event === undefined) return textRows(line, "reset");
  if (event["type"] === "system" && event["subtype"] === "api_retry") {
    const { attempt, max_retries: most, error } = event;
    return [
      { style: "yellow", text: `waiting for the API: retry ${shown(attempt)} of ${shown(most)} (${shown(error)})` },
    ];
  }
  if (event["type"] !== "rate_limit_event") return [];
  const status = (event["rate_limit_info"] as { readonly status?: unknown } | undefined)?.status;
  return status === undefined || status === "allowed"
    ? []
    : [{ style: "yellow", text: `rate limit: ${shown(status)}` }];
}

function shown(value: unknown): string {
  if (value === undefined) return "?";
  return visibleLine(typeof value === "string" ? value : JSON.stringify(value));
}

function eventOf(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null && "type" in value ? value : undefined;
  } catch {
    return undefined;
  }
}
