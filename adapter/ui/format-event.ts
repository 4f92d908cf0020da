/** claude's stream-json → lines for a terminal. */
import { parseStdoutLine, type TranscriptEntry } from "./parse-stdout.ts";

/** Prints one line of a run's stdout in words. */
export function formatStdoutEvent(line: string): void {
  for (const entry of parseStdoutLine(line.trimEnd(), "")) console.log(wordsOf(entry));
}

/** One entry in words. */
export function wordsOf(entry: TranscriptEntry): string {
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
      return `→ ${entry.name} ${JSON.stringify(entry.input)}`;
    case "tool_result":
      return `${entry.isError ? "✗" : "←"} ${entry.content}`;
    case "result":
      return `${entry.isError ? `failed (${entry.subtype})` : "done"}: ${entry.text} — $${entry.costUsd}, ${entry.inputTokens} in, ${entry.outputTokens} out`;
  }
}

function rateLimit(line: string): string | undefined {
  if (!line.includes('"rate_limit_event"')) return undefined;
  const found = /"status"\s*:\s*"([^"]+)"/.exec(line);
  return `rate limit: ${found?.[1] ?? "unknown"}`;
}
