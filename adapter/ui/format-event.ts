/** Formats claude's stream-json for a terminal. */
import { parseStdoutLine, type TranscriptEntry } from "./parse-stdout.ts";

/** Prints one line of a run's stdout as text. */
export function formatStdoutEvent(line: string): void {
  for (const entry of parseStdoutLine(line.trimEnd(), "")) console.log(visible(entryText(entry)));
}

/** Replaces control and invisible characters, which an agent can write. Line feed and tab stay. */
function visible(text: string): string {
  return text.toWellFormed().replaceAll(/(?![\n\t])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\u{E0000}-\u{E0FFF}]/gu, "\uFFFD");
}

/** Returns one entry as text. */
export function entryText(entry: TranscriptEntry): string {
  switch (entry.kind) {
    case "init":
      return `session ${entry.sessionId} with ${entry.model}`;
    case "assistant":
      return entry.text;
    case "thinking":
      return `(thinking) ${entry.text}`;
    case "user":
      return `> ${entry.text}`;
    case "system":
      return `· ${entry.text}`;
    case "stdout":
      return rateLimit(entry.text) ?? entry.text;
    case "tool_call":
      return `→ ${entry.name} ${jsonOf(entry.input)}`;
    case "tool_result":
      return `${entry.isError ? "✗" : "←"} ${entry.content}`;
    case "result":
      return `${entry.isError ? `failed (${entry.subtype})` : "done"}: ${entry.text} — $${entry.costUsd}, ${entry.inputTokens} in, ${entry.outputTokens} out`;
  }
}

/** JSON.parse accepts any depth, but JSON.stringify can exhaust the stack. */
function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch {
    return "(nested too deeply to show)";
  }
}

function rateLimit(line: string): string | undefined {
  if (!line.includes('"rate_limit_event"')) return undefined;
  const found = /"status"\s*:\s*"([^"]+)"/.exec(line);
  return `rate limit: ${found?.[1] ?? "unknown"}`;
}
