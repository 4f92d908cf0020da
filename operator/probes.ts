/** The checks of /livez and /readyz. Times are those of performance.now(). */
import type { Checks } from "./health.ts";

/** The state of a watch. */
export interface Watched {
  readonly path: string;
  readonly isSynced: boolean;
  /** When the API server last answered. */
  readonly lastHeardMs: number;
  /** When the loop of the watch last did anything. */
  readonly lastMovedMs: number;
}

/** A cache that is older than this is out of date. Normally the watch restarts after 90 s without an answer. */
const silenceMs = 300_000;
/** A watch without a try, or a reconcile, of this duration is stuck, because every request has a deadline. */
const stuckMs = 900_000;

/** Fails if only a restart helps. An API server that does not answer is no reason for a restart. */
export function livez(watches: readonly Watched[], longestReconcileMs: () => number): Checks {
  return {
    queue: () => (longestReconcileMs() > stuckMs ? "a reconcile has not ended for more than 15 minutes" : undefined),
    ...perWatch(watches, ({ lastMovedMs }) =>
      performance.now() - lastMovedMs > stuckMs ? "the watch has been stuck for more than 15 minutes" : undefined,
    ),
  };
}

/** Succeeds on a standby too, because its caches are as current as the leader's. */
export function readyz(
  watches: readonly Watched[],
  isStopping: () => boolean,
  rejection: (path: string) => string | undefined,
): Checks {
  return {
    shutdown: () => (isStopping() ? "in progress" : undefined),
    ...perWatch(watches, ({ path, isSynced, lastHeardMs }) => {
      const rejected = rejection(path);
      if (rejected !== undefined) return `permission is missing, check the operator's role bindings: ${rejected}`;
      if (!isSynced) return "waiting for the first list";
      return performance.now() - lastHeardMs > silenceMs
        ? "no answer from the API server for more than 5 minutes"
        : undefined;
    }),
  };
}

function perWatch(watches: readonly Watched[], check: (watch: Watched) => string | undefined): Checks {
  return Object.fromEntries(watches.map((watch) => [`watch ${watch.path}`, () => check(watch)]));
}
