/** The chunks that a log reader receives. */
import type { LogEvent } from "../log/log-event.ts";
import { deliver } from "../log/sink.ts";

/** Returns the chunks of these events in order, each with its stream: stdout, stderr or warning. */
export async function deliveredChunks(events: readonly LogEvent[]): Promise<[stream: string, chunk: string][]> {
  const chunks: [string, string][] = [];
  await deliver(events, {
    onLog: (stream, chunk) => {
      chunks.push([stream, chunk]);
      return Promise.resolve();
    },
    onWarning: (message) => void chunks.push(["warning", message]),
    transcript: { read: () => undefined, readStderr: () => undefined },
  });
  return chunks;
}
