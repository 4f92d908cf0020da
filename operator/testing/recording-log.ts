/** A log that records its lines for tests. */
import { createLog, type Log } from "../log.ts";

/** Returns a log and the JSON lines that were written to it. */
export function recordingLog(level = "debug"): { log: Log; written: readonly Record<string, unknown>[] } {
  const written: Record<string, unknown>[] = [];
  const log = createLog(level, {
    write: (line) => {
      written.push(JSON.parse(line) as Record<string, unknown>);
    },
  });
  return { log, written };
}
