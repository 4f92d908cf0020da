/** Reads the facts of `why` in addition to the run; each part may be forbidden. */
import { ApiError } from "../../kube/api-error.ts";
import type { Connection } from "../../kube/connection.ts";
import type { ClaudeRun } from "../../crds/claude-run.ts";
import { listRuns } from "../../client/list-runs.ts";
import { isFinished } from "../../crds/finished.ts";
import { serverMessage } from "../errors.ts";

/** An Event of the run, its Job or its pod. */
export interface Event {
  readonly about: string;
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  /** Time of the last occurrence in RFC 3339; empty if the Event has none. */
  readonly time: string;
  readonly count: number;
}

/** The facts about a run. */
export interface Facts {
  readonly run: ClaudeRun;
  /** Other unfinished runs of the agent. */
  readonly others: readonly ClaudeRun[];
  readonly events: readonly Event[];
  /** Creation time of the newest attempt's pod, if the start deadline depends on it. */
  readonly podCreatedMs?: number;
  /** Parts that could not be read, with the error. */
  readonly gaps: readonly string[];
  readonly nowMs: number;
}

/** Returns the facts. A part that cannot be read is listed in `gaps`; no ApiError is thrown. */
export async function readFacts(connection: Connection, run: ClaudeRun): Promise<Facts> {
  const gaps: string[] = [];
  const orGap = async <T>(part: string, reading: Promise<readonly T[]>): Promise<readonly T[]> => {
    try {
      return await reading;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      gaps.push(`cannot read ${part}: ${serverMessage(error)}`);
      return [];
    }
  };
  const [events, others, created] = await Promise.all([
    orGap("the Events", eventsOf(connection, run)),
    isFinished(run) ? [] : orGap("the agent's other runs", othersOf(connection, run)),
    needsPodCreation(run) ? orGap("the pod", podCreation(connection, run)) : [],
  ]);
  const [podCreatedMs] = created;
  return { run, events, others, gaps, nowMs: Date.now(), ...(podCreatedMs === undefined ? {} : { podCreatedMs }) };
}

/** The start deadline of a later attempt counts from its pod's creation. */
function needsPodCreation({ status }: ClaudeRun): boolean {
  return status?.phase === "Pending" && status.pod !== undefined && (status.attempt ?? 1) > 1;
}

async function podCreation(connection: Connection, { metadata, status }: ClaudeRun): Promise<number[]> {
  const name = encodeURIComponent(status?.pod?.name ?? "");
  const pod = await connection.request("GET", `/api/v1/namespaces/${metadata.namespace}/pods/${name}`);
  const { creationTimestamp } = (pod as { readonly metadata: { readonly creationTimestamp?: string } }).metadata;
  const createdMs = Date.parse(creationTimestamp ?? "");
  return Number.isNaN(createdMs) ? [] : [createdMs];
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

/** Returns the Events of the run, its Job and its newest pod. */
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
