/** A line of claude's stream → rows for people: what it says in full, tools and thinking folded. Pure. */
import { parseStdoutLine, type TranscriptEntry } from "../../adapter/ui/parse-stdout.ts";
import { ageOf } from "../terminal/duration.ts";
import { cut, plain } from "../terminal/cells.ts";
import type { Style } from "../terminal/terminal.ts";

/** One row of the screen. */
export interface Row {
  readonly style: Style;
  readonly text: string;
}

/** How much is shown. */
export interface Folding {
  /** Nothing is folded. */
  readonly isFull: boolean;
  /** Cells of a row that stands for more. */
  readonly width: number;
}

/** Rows of a tool's answer that are shown of a folded one. */
const answerRows = 3;

/** The rows of one line; none for what is meant for programs. */
export function rowsOf(line: string, folding: Folding): Row[] {
  return parseStdoutLine(line, "").flatMap((entry) => rowsOfEntry(entry, line, folding));
}

function rowsOfEntry(entry: TranscriptEntry, line: string, folding: Folding): Row[] {
  switch (entry.kind) {
    case "init":
      return [{ style: "dim", text: `session ${plain(entry.sessionId)} with ${plain(entry.model)}` }];
    case "assistant":
      return textRows(entry.text, "reset");
    case "user":
      return textRows(entry.text, "dim").map(({ text }) => ({ style: "dim", text: `> ${text}` }));
    case "thinking":
      return thinking(entry.text, folding);
    case "tool_call":
      return call(entry.name, entry.input, folding);
    case "tool_result":
      return answer(entry.content, entry.isError, folding);
    case "result":
      return result(line, entry);
    case "system":
      return textRows(entry.text, "dim");
    case "stdout":
      return other(entry.text);
  }
}

function textRows(text: string, style: Style): Row[] {
  return plain(text)
    .trimEnd()
    .split("\n")
    .map((row) => ({ style, text: row.trimEnd() }));
}

function thinking(text: string, { isFull, width }: Folding): Row[] {
  const rows = textRows(text, "dim");
  if (isFull) return rows.map(({ text: row }) => ({ style: "dim", text: `  ∴ ${row}` }));
  const more = rows.length > 1 ? ` (${rows.length} lines)` : "";
  return [{ style: "dim", text: cut(`  ∴ ${rows[0]?.text ?? ""}`, width - more.length) + more }];
}

function call(name: string, input: unknown, { isFull, width }: Folding): Row[] {
  const rows = plain(tellingOf(input)).split("\n");
  const all: Row[] = rows.map((row, at) => ({
    style: "blue",
    text: at === 0 ? `  → ${plain(name)} ${row}` : `      ${row}`,
  }));
  if (isFull) return all;
  const more = all.length > 1 ? ` (+${all.length - 1} lines)` : "";
  return [{ style: "blue", text: cut(all[0]?.text ?? "", width - more.length) + more }];
}

/** What matters of a tool's input: the command, the file, the pattern; else all of it. */
function tellingOf(input: unknown): string {
  if (typeof input !== "object" || input === null) return String(input);
  const fields = input as Readonly<Record<string, unknown>>;
  for (const name of ["command", "file_path", "pattern", "url", "query", "description"]) {
    const value = fields[name];
    if (typeof value === "string") return value;
  }
  return JSON.stringify(input);
}

function answer(content: string, isError: boolean, { isFull, width }: Folding): Row[] {
  const style: Style = isError ? "red" : "dim";
  const rows = plain(content).trimEnd().split("\n");
  const shown = isFull ? rows : rows.slice(0, answerRows).map((row) => cut(row.trimEnd(), width - 4));
  const hidden = rows.length - shown.length;
  const all = hidden > 0 ? [...shown, `… ${hidden} more lines`] : shown;
  return all.map((row, at) => ({ style, text: `  ${at === 0 ? (isError ? "✗" : "←") : " "} ${row}` }));
}

function result(line: string, { isError, subtype, text, errors }: TranscriptEntry & { kind: "result" }): Row[] {
  const event = JSON.parse(line) as { readonly num_turns?: unknown; readonly duration_ms?: unknown };
  const turns = typeof event.num_turns === "number" ? [counted(event.num_turns, "turn")] : [];
  const took = typeof event.duration_ms === "number" ? [ageOf(event.duration_ms)] : [];
  const head = [isError ? `✗ ${plain(subtype)}` : "✓ done", ...turns, ...took].join(" · ");
  // A success has said its text already, as claude's last words.
  const said = isError
    ? [text, ...errors].filter((each) => each.trim() !== "").flatMap((each) => textRows(each, "red"))
    : [];
  return [{ style: isError ? "red" : "green", text: head }, ...said];
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** Other events are for programs, but for those that say why nothing moves; what is no event is shown as it is. */
function other(line: string): Row[] {
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
  return plain(typeof value === "string" ? value : JSON.stringify(value));
}

function eventOf(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null && "type" in value ? value : undefined;
  } catch {
    return undefined;
  }
}
