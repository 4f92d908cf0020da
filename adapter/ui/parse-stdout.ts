/** Parses a line of stdout for the web page, which evaluates this bundle in a worker as CommonJS. */
import { transcriptEntries, type TranscriptEntry } from "../../client/transcript-entries.ts";
import { logPrefix } from "../log-prefix.ts";

export type { TranscriptEntry };

/** Returns the entries of one line. Pure, and never throws. The adapter's own lines have the kind `system`. */
export function parseStdoutLine(line: string, ts: string): TranscriptEntry[] {
  if (line.startsWith(logPrefix) && line.trim() !== "")
    return [{ kind: "system", ts, text: line.slice(logPrefix.length) }];
  return transcriptEntries(line, ts);
}
