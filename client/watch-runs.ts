/** Keeps all runs of a selection current by one list and a watch. */
import { setTimeout as wait } from "node:timers/promises";
import { ApiError } from "../kube/api-error.ts";
import type { Connection } from "../kube/connection.ts";
import { watchEvents } from "../kube/watch-events.ts";
import type { ClaudeRun } from "../crds/claude-run.ts";
import { collectionPath, listRuns, selectionQuery, type RunSelection } from "./list-runs.ts";

const maxDelayMs = 5_000;

/** Receives all runs after every change, or the error that keeps them from being current. */
export interface RunsListener {
  readonly onRuns: (runs: readonly ClaudeRun[]) => void;
  /** The last runs may be out of date; the watch is retried. */
  readonly onError: (error: ApiError) => void;
}

/** Resolves when the signal is aborted. Rejects with ApiError if the first list fails or access is denied. */
export async function watchRuns(
  connection: Connection,
  selection: RunSelection,
  { onRuns, onError, signal }: RunsListener & { readonly signal: AbortSignal },
): Promise<void> {
  let failures = 0;
  for (let isFirst = true; !signal.aborted; isFirst = false) {
    try {
      const { items, resourceVersion } = await listRuns(connection, selection);
      const runs = new Map(items.map((run) => [run.metadata.uid, run]));
      onRuns([...runs.values()]);
      failures = 0;
      await follow(connection, selection, { runs, resourceVersion, onRuns, signal });
    } catch (error) {
      if (isAborted(signal)) return;
      if (!(error instanceof ApiError) || isFirst || error.code === 401 || error.code === 403) throw error;
      failures += 1;
      // An expired resource version only means that the list is read again.
      if (error.code !== 410) onError(error);
    }
    const delayMs = Math.min(maxDelayMs, 100 * 2 ** failures);
    await wait(delayMs, undefined, { signal }).catch(() => undefined);
  }
}

/** A call, because TypeScript does not expect the signal to change between two checks. */
function isAborted({ aborted }: AbortSignal): boolean {
  return aborted;
}

async function follow(
  connection: Connection,
  selection: RunSelection,
  state: {
    readonly runs: Map<string, ClaudeRun>;
    resourceVersion: string;
    readonly onRuns: RunsListener["onRuns"];
    readonly signal: AbortSignal;
  },
): Promise<void> {
  const { runs, onRuns, signal } = state;
  for (;;) {
    const { resourceVersion } = state;
    const watched = {
      path: collectionPath(selection.namespace),
      query: selectionQuery(selection),
      resourceVersion,
      signal,
    };
    const openedMs = performance.now();
    for await (const { type, object } of watchEvents<ClaudeRun>(connection, watched)) {
      state.resourceVersion = object.metadata.resourceVersion;
      if (type === "BOOKMARK") continue;
      if (type === "DELETED") runs.delete(object.metadata.uid);
      else runs.set(object.metadata.uid, object);
      onRuns([...runs.values()]);
    }
    // Backs off if the server ends each watch at once.
    if (performance.now() - openedMs < 1_000) return;
  }
}
