/** The adapter's requests, from the API server's audit log. */
import { eventsOf } from "../audit.ts";

/** Number of requests by kind, such as "get pods/log"; streams count once. */
export type Requests = Readonly<Record<string, number>>;

const userAgent = "paperclip-adapter-clauderun/0.1.0";

/** Counts the adapter's requests received between two times (milliseconds since the epoch). */
export async function adapterRequests(fromMs: number, toMs: number): Promise<Requests> {
  const counted = new Set<string>();
  const byKind: Record<string, number> = {};
  for await (const { auditID, verb, objectRef, requestReceivedTimestamp } of eventsOf(userAgent)) {
    const atMs = Date.parse(requestReceivedTimestamp);
    // The audit log has a stream twice, at its start and its end.
    if (atMs < fromMs || atMs > toMs || counted.has(auditID)) continue;
    counted.add(auditID);
    const { resource = "", subresource } = objectRef ?? {};
    const what = `${verb} ${resource}${subresource === undefined ? "" : `/${subresource}`}`;
    byKind[what] = (byKind[what] ?? 0) + 1;
  }
  return byKind;
}
