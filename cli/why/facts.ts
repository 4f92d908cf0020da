/** What `why` reads beside the run itself; each part may be out of reach. */
import { ApiError } from "../../adapter/kubernetes/api-error.ts";
import type { Connection } from "../../adapter/kubernetes/connection.ts";
import type { ClaudeRun } from "../../crds/claude-run.ts";
import { isFinished, listRuns } from "../kubernetes/runs.ts";
import { saidBy } from "../problem.ts";

/** An Event of the run, its Job or its pod. */
export interface Event {
  readonly about: string;
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  /** RFC 3339, of the last time; empty if the event has none. */
  readonly time: string;
  readonly count: number;
}

/** What is known at the moment. */
export interface Facts {
  readonly run: ClaudeRun;
  /** Unfinished runs of the agent, this one left out. */
  readonly others: readonly ClaudeRun[];
  readonly events: readonly Event[];
  /** What could not be read, and why. */
  readonly gaps: readonly string[];
  readonly nowMs: number;
}

/** Reads them; what may not be read is a gap, not an error. */
export async function factsOf(connection: Connection, run: ClaudeRun): Promise<Facts> {
  const gaps: string[] = [];
  const orGap = async <T>(what: string, reading: Promise<readonly T[]>): Promise<readonly T[]> => {
    try {
      return await reading;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      gaps.push(`${what} can't be read: ${saidBy(error)}`);
      return [];
    }
  };
  const [events, others] = await Promise.all([
    orGap("the Events", eventsOf(connection, run)),
    isFinished(run) ? [] : orGap("the agent's other runs", othersOf(connection, run)),
  ]);
  return { run, events, others, gaps, nowMs: Date.now() };
}

async function othersOf(connection: Connection, { metadata, spec }: ClaudeRun): Promise<ClaudeRun[]> {
  const selection = { namespace: metadata.namespace, fieldSelector: `spec.agent=${spec.agent}` };
  const { items } = await listRuns(connection, selection);
  return items.filter((other) => other.metadata.uid !== metadata.uid && !isFinished(other));
}

interface RawEvent {
  readonly involvedObject?: { readonly kind?: string };
  readonly type?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly count?: number;
  readonly lastTimestamp?: string | null;
  readonly eventTime?: string | null;
  readonly firstTimestamp?: string | null;
  readonly series?: { readonly count?: number; readonly lastObservedTime?: string };
}

/** Of the run, of its Job and of its newest pod. */
async function eventsOf(connection: Connection, { metadata, status }: ClaudeRun): Promise<Event[]> {
  const uids = [metadata.uid, status?.job?.uid, status?.pod?.uid].filter((uid) => uid !== undefined);
  const lists = await Promise.all(
    uids.map(async (uid) => {
      const query = { fieldSelector: `involvedObject.uid=${uid}`, limit: "200" };
      const path = `/api/v1/namespaces/${metadata.namespace}/events`;
      const { items } = (await connection.request("GET", path, { query })) as { readonly items: readonly RawEvent[] };
      return items;
    }),
  );
  return lists.flat().map((event) => ({
    about: (event.involvedObject?.kind ?? "").replace("ClaudeRun", "run").toLowerCase(),
    type: event.type ?? "Normal",
    reason: event.reason ?? "",
    message: event.message ?? "",
    time: event.series?.lastObservedTime ?? event.lastTimestamp ?? event.eventTime ?? event.firstTimestamp ?? "",
    count: event.series?.count ?? event.count ?? 1,
  }));
}
