/** Keeps all runs of a selection current by one list and a watch. */
import { ApiError } from "../kube/api-error.ts";
import type { Connection } from "../kube/connection.ts";
import { watchLoop } from "../kube/watch-loop.ts";
import type { ClaudeRun } from "../crds/claude-run.ts";
import { collectionPath, listRuns, selectionQuery, type RunSelection } from "./list-runs.ts";

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
  const runs = new Map<string, ClaudeRun>();
  let isListed = false;
  await watchLoop<ClaudeRun>({
    opener: connection,
    watch: () => ({ path: collectionPath(selection.namespace), query: selectionQuery(selection) }),
    read: async () => {
      const { items, resourceVersion } = await listRuns(connection, selection);
      runs.clear();
      for (const run of items) runs.set(run.metadata.uid, run);
      isListed = true;
      onRuns([...runs.values()]);
      return resourceVersion;
    },
    onEvent: ({ type, object }) => {
      if (type === "DELETED") runs.delete(object.metadata.uid);
      else runs.set(object.metadata.uid, object);
      onRuns([...runs.values()]);
    },
    onFailure: (error) => {
      if (!(error instanceof ApiError) || !isListed || error.code === 401 || error.code === 403) throw error;
      // An expired resource version only means that the list is read again.
      if (error.code !== 410) onError(error);
    },
    backoff: { baseMs: 100, maxMs: 5_000 },
    signal,
  });
}
