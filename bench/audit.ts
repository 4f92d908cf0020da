/** Counts requests in the API server's audit log. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { userAgent } from "./operator.ts";

const cluster = fileURLToPath(new URL("../test/cluster/cluster", import.meta.url));

/** The used fields of an audit event. */
export interface AuditEvent {
  readonly auditID: string;
  readonly stage: string;
  readonly verb: string;
  readonly userAgent?: string;
  readonly requestReceivedTimestamp: string;
  readonly objectRef?: { readonly resource?: string; readonly subresource?: string };
  readonly responseStatus?: { readonly code?: number };
}

export interface Requests {
  readonly writes: number;
  readonly reads: number;
  /** Opened watches: none on a quiet cluster, unless the API server ended some. */
  readonly watches: number;
  /** Number of requests by kind, such as "create jobs". */
  readonly byKind: Readonly<Record<string, number>>;
  /** Number of responses of 400 and above by kind, such as "409 update clauderuns/status". */
  readonly rejected: Readonly<Record<string, number>>;
}

const writing = new Set(["create", "update", "patch", "delete", "deletecollection"]);
/** Not counted, because leader election renews by time and not per run. */
const uncounted = new Set(["leases"]);

/** Counts the operator's requests received between two times (milliseconds since the epoch). */
export async function requestsBetween(fromMs: number, toMs: number): Promise<Requests> {
  const byKind: Record<string, number> = {};
  const rejected: Record<string, number> = {};
  let writes = 0;
  let reads = 0;
  let watches = 0;
  for await (const event of eventsOf(userAgent)) {
    const atMs = Date.parse(event.requestReceivedTimestamp);
    const { resource = "", subresource } = event.objectRef ?? {};
    if (atMs < fromMs || atMs > toMs || uncounted.has(resource)) continue;
    if (event.verb === "watch") {
      if (event.stage === "ResponseStarted") watches += 1;
      continue;
    }
    if (event.stage !== "ResponseComplete") continue;
    const kind = `${event.verb} ${resource}${subresource === undefined ? "" : `/${subresource}`}`;
    byKind[kind] = (byKind[kind] ?? 0) + 1;
    if (writing.has(event.verb)) writes += 1;
    else reads += 1;
    const { code = 200 } = event.responseStatus ?? {};
    if (code >= 400) rejected[`${code} ${kind}`] = (rejected[`${code} ${kind}`] ?? 0) + 1;
  }
  return { writes, reads, watches, byKind, rejected };
}

/** Yields a client's audit events, oldest first. */
export async function* eventsOf(client: string): AsyncGenerator<AuditEvent> {
  const log = spawn(cluster, ["logs", "audit"], { stdio: ["ignore", "pipe", "inherit"] });
  for await (const line of createInterface({ input: log.stdout })) {
    // cheaper than parsing the lines of other clients
    if (!line.includes(`"userAgent":"${client}"`)) continue;
    yield JSON.parse(line) as AuditEvent;
  }
}
