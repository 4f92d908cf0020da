/**
 * Cancels orphaned runs. Their Lease is missing or expired, or it is this server's but no code follows the run. Also
 * deletes the Secrets of finished orphans. Runs of other active servers are not touched.
 */
import { setTimeout as wait } from "node:timers/promises";
import type { ClaudeRun } from "../../crds/claude-run.ts";
import { finishedPhases } from "../../crds/status.ts";
import type { AdapterState } from "../adapter-state.ts";
import { adapterType } from "../spec/plan.ts";
import { runIdAnnotation, runLabels } from "../spec/names.ts";
import { ApiError } from "../../kube/api-error.ts";
import type { Connection } from "../../kube/connection.ts";
import { isRenewed, parseLease, type Lease } from "../../kube/lease.ts";
import { leasePath, runsPath } from "../../client/paths.ts";
import { parseRun } from "../../client/parse-run.ts";
import { cancelRun } from "../../client/runs.ts";
import { deleteRunSecrets } from "../run-secrets.ts";

/** An expired Lease is read again after this time: during an outage of the API server no server could renew. */
const confirmationMs = 30_000;

/** Small enough for runs of 1.5 MB, the maximum size of an object, in one response. */
const pageSize = 20;
/** Pages that one collection reads of each selection; the next collection continues there. */
const defaultMaxPages = 250;
const intervalMs = 10 * 60_000;
const firstRetryMs = 30_000;

/** Collects garbage in the namespace now and every ten minutes, in the background. */
export function startGarbageCollection(state: AdapterState, connection: Connection, namespace: string): void {
  const key = `${connection.server} ${namespace}`;
  if (state.collecting.has(key)) return;
  state.collecting.add(key);
  void collectForever(state, connection, namespace);
}

async function collectForever(state: ClientState, connection: Connection, namespace: string): Promise<never> {
  const pageTokens: PageTokens = new Map();
  for (let retryMs = firstRetryMs; ;) {
    let delayMs = intervalMs;
    try {
      await collectGarbage(state, connection, namespace, { pageTokens });
      retryMs = firstRetryMs;
    } catch {
      // Only a delay: the operator cancels orphaned runs by itself.
      delayMs = retryMs;
      retryMs = Math.min(intervalMs, retryMs * 2);
    }
    await wait(delayMs * (0.9 + Math.random() / 5), undefined, { ref: false });
  }
}

/** The part of the state that identifies the runs of this client, and those that it still follows. */
type ClientState = Pick<AdapterState, "leaseName" | "runs">;

/** The API server's continue tokens by selection: where the last collection stopped. */
type PageTokens = Map<string, string>;

export interface CollectOptions {
  /** An expired Lease is read again after this time. */
  readonly confirmMs?: number;
  readonly maxPages?: number;
  /** Where the last collection stopped; updated by this one. */
  readonly pageTokens?: PageTokens;
}

/** Cancels orphans and deletes their Secrets. Returns the names of the cancelled runs. */
export async function collectGarbage(
  client: ClientState,
  connection: Connection,
  namespace: string,
  {
    confirmMs = confirmationMs,
    maxPages = defaultMaxPages,
    pageTokens = new Map<string, string>(),
  }: CollectOptions = {},
): Promise<string[]> {
  const bounds = { maxPages, pageTokens };
  const isAlive = leaseChecker(connection, namespace, confirmMs);
  const cancelled: string[] = [];
  const unfinished = finishedPhases.map((phase) => `status.phase!=${phase}`).join(",");
  for await (const run of listPages(connection, namespace, { fieldSelector: unfinished }, bounds)) {
    if (run.spec.cancel || !(await isOrphaned(client, run, isAlive))) continue;
    const lease = run.spec.clientLeaseName ?? "";
    const why =
      lease === client.leaseName
        ? "its client no longer follows it"
        : `its client's Lease ${lease} is missing or expired`;
    await cancelRun(connection, run.metadata, why);
    cancelled.push(run.metadata.name);
  }
  // The label is removed with the Secrets, so only runs that still have Secrets match.
  const marked = `${runLabels.adapter}=${adapterType},${runLabels.secrets}`;
  for (const phase of finishedPhases) {
    const query = { labelSelector: marked, fieldSelector: `status.phase=${phase}` };
    for await (const run of listPages(connection, namespace, query, bounds)) {
      if (await isOrphaned(client, run, isAlive)) await deleteRunSecrets(connection, run.metadata, secretNamesOf(run));
    }
  }
  return cancelled;
}

/** Lists runs of the adapter page by page. Uses smaller pages if a response is too large. */
async function* listPages(
  connection: Connection,
  namespace: string,
  selection: Readonly<Record<string, string>>,
  { maxPages, pageTokens }: Required<Pick<CollectOptions, "maxPages" | "pageTokens">>,
): AsyncGenerator<ClaudeRun> {
  const key = JSON.stringify(selection);
  let limit = pageSize;
  let next = pageTokens.get(key) ?? "";
  pageTokens.delete(key);
  for (let page = 0; page < maxPages; page++) {
    const query = {
      labelSelector: `${runLabels.adapter}=${adapterType}`,
      ...selection,
      limit: String(limit),
      ...(next === "" ? {} : { continue: next }),
    };
    let answer: { items?: unknown; metadata?: { continue?: unknown } } | null;
    try {
      answer = (await connection.request("GET", runsPath(namespace), { query })) as typeof answer;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      // The continue token expired: start from the beginning.
      if (error.code === 410 && next !== "") next = "";
      else if (error.reason === "AnswerTooLarge" && limit > 1) limit = Math.ceil(limit / 4);
      else throw error;
      continue;
    }
    for (const item of Array.isArray(answer?.items) ? (answer.items as unknown[]) : []) {
      yield parseRun(item, `LIST ${runsPath(namespace)}`);
    }
    next = typeof answer?.metadata?.continue === "string" ? answer.metadata.continue : "";
    if (next === "") return;
  }
  pageTokens.set(key, next);
}

/** Returns true if no client follows the run. */
async function isOrphaned(
  { leaseName, runs }: ClientState,
  { metadata, spec }: ClaudeRun,
  isAlive: (lease: string) => Promise<boolean>,
): Promise<boolean> {
  const lease = spec.clientLeaseName;
  if (lease === undefined || metadata.annotations?.[runIdAnnotation] === "") return false;
  if (lease === leaseName) return !runs.isTracked(metadata);
  return !(await isAlive(lease));
}

/** Returns the names of a run's Secrets: the run's name, with a number from the second on. A label has their count. */
function secretNamesOf({ metadata: { name, labels } }: ClaudeRun): string[] {
  const count = Math.min(64, Number(labels?.[runLabels.secrets] ?? 0) || 0);
  return Array.from({ length: count }, (_, n) => (n === 0 ? name : `${name}-${n}`));
}

/** Returns a function that checks whether a Lease is held, and reads each Lease once. */
function leaseChecker(
  connection: Connection,
  namespace: string,
  confirmMs: number,
): (lease: string) => Promise<boolean> {
  const known = new Map<string, Promise<boolean>>();
  return (lease) => {
    const asked = known.get(lease) ?? isLeaseHeld(connection, leasePath(namespace, lease), confirmMs);
    known.set(lease, asked);
    return asked;
  };
}

/** Returns false after two reads of the same missing or expired Lease. Throws if a read fails. */
async function isLeaseHeld(connection: Connection, path: string, confirmMs: number): Promise<boolean> {
  const first = await readLease(connection, path);
  if (isUnexpired(first)) return true;
  await wait(confirmMs, undefined, { ref: false });
  const second = await readLease(connection, path);
  return isUnexpired(second) || second?.resourceVersion !== first?.resourceVersion;
}

function isUnexpired(lease: Lease | undefined): boolean {
  return lease !== undefined && isRenewed(lease, Date.now());
}

/** Returns the Lease, or undefined if it does not exist. */
async function readLease(connection: Connection, path: string): Promise<Lease | undefined> {
  try {
    return parseLease(await connection.request("GET", path));
  } catch (error) {
    if (error instanceof ApiError && error.code === 404) return undefined;
    throw error;
  }
}
