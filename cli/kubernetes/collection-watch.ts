/** All runs of a selection, kept true by one list and a watch. */
import { setTimeout as wait } from "node:timers/promises";
import { ApiError } from "../../adapter/kubernetes/api-error.ts";
import type { Connection } from "../../adapter/kubernetes/connection.ts";
import { watchEvents } from "../../adapter/kubernetes/watch-events.ts";
import type { ClaudeRun } from "../../crds/claude-run.ts";
import { collectionPath, listRuns, queryOf, type Selection } from "./runs.ts";

const longestDelayMs = 5_000;

/** Calls back after every change with all runs, or with what keeps it from knowing them. */
export interface CollectionListener {
  readonly onRuns: (runs: readonly ClaudeRun[]) => void;
  /** The runs shown are old: it is tried again. */
  readonly onTrouble: (error: ApiError) => void;
}

/** Resolves when the signal is aborted. Throws ApiError if the first list fails, or a right is taken away. */
export async function watchRuns(
  connection: Connection,
  selection: Selection,
  { onRuns, onTrouble, signal }: CollectionListener & { readonly signal: AbortSignal },
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
      if (isOver(signal)) return;
      if (!(error instanceof ApiError) || isFirst || error.code === 401 || error.code === 403) throw error;
      failures += 1;
      // A version that is too old is no trouble: the list is read again.
      if (error.code !== 410) onTrouble(error);
    }
    const delayMs = Math.min(longestDelayMs, 100 * 2 ** failures);
    await wait(delayMs, undefined, { signal }).catch(() => undefined);
  }
}

/** It may have been aborted since it was last asked. */
function isOver({ aborted }: AbortSignal): boolean {
  return aborted;
}

async function follow(
  connection: Connection,
  selection: Selection,
  state: {
    readonly runs: Map<string, ClaudeRun>;
    resourceVersion: string;
    readonly onRuns: CollectionListener["onRuns"];
    readonly signal: AbortSignal;
  },
): Promise<void> {
  const { runs, onRuns, signal } = state;
  for (;;) {
    const { resourceVersion } = state;
    const watched = { path: collectionPath(selection.namespace), query: queryOf(selection), resourceVersion, signal };
    const openedMs = performance.now();
    for await (const { type, object } of watchEvents<ClaudeRun>(connection, watched)) {
      state.resourceVersion = object.metadata.resourceVersion;
      if (type === "BOOKMARK") continue;
      if (type === "DELETED") runs.delete(object.metadata.uid);
      else runs.set(object.metadata.uid, object);
      onRuns([...runs.values()]);
    }
    // A watch that the server ends at once must not become a hot loop.
    if (performance.now() - openedMs < 1_000) return;
  }
}
