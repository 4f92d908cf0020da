/** What the adapter asked of the API server, by the API server's own record. */
import { eventsOf } from "../audit.ts";

/** "get pods/log" → how many; each request once, streams included. */
export type Requests = Readonly<Record<string, number>>;

const userAgent = "paperclip-adapter-clauderun/0.1.0";

/** Counts the requests of all processes with the adapter that were received between two times (ms since the epoch). */
export async function adapterRequests(fromMs: number, toMs: number): Promise<Requests> {
  const counted = new Set<string>();
  const byKind: Record<string, number> = {};
  for await (const { auditID, verb, objectRef, requestReceivedTimestamp } of eventsOf(userAgent)) {
    const atMs = Date.parse(requestReceivedTimestamp);
    // A stream is recorded twice: as it begins and as it ends.
    if (atMs < fromMs || atMs > toMs || counted.has(auditID)) continue;
    counted.add(auditID);
    const { resource = "", subresource } = objectRef ?? {};
    const what = `${verb} ${resource}${subresource === undefined ? "" : `/${subresource}`}`;
    byKind[what] = (byKind[what] ?? 0) + 1;
  }
  return byKind;
}
