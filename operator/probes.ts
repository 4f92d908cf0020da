/** What /livez and /readyz ask of the watches and of the queue; times are performance.now()'s. */
import type { Checks } from "./health.ts";

/** What is asked of a watch. */
export interface Watched {
  readonly path: string;
  readonly isSynced: boolean;
  /** When the API server last answered it, and when its loop last did anything. */
  readonly lastHeardMs: number;
  readonly lastMovedMs: number;
}

/** A watch that was not heard for so long shows an old world: its own guard breaks it off after 90 s. */
const silenceMs = 300_000;
/** A watch that did not even try anew for so long, or a pass that took so long, is stuck: every request has a deadline. */
const stuckMs = 900_000;

/** What only a new process would help against; an API server that does not answer is no such thing. */
export function livez(watches: readonly Watched[], longestPassMs: () => number): Checks {
  return {
    queue: () => (longestPassMs() > stuckMs ? "a pass does not end" : undefined),
    ...perWatch(watches, ({ lastMovedMs }) =>
      performance.now() - lastMovedMs > stuckMs ? "its loop stands still" : undefined,
    ),
  };
}

/** True of a standby too: its caches are as warm as the leader's. */
export function readyz(watches: readonly Watched[], isStopping: () => boolean): Checks {
  return {
    shutdown: () => (isStopping() ? "in progress" : undefined),
    ...perWatch(watches, ({ isSynced, lastHeardMs }) => {
      if (!isSynced) return "its first list is not in";
      return performance.now() - lastHeardMs > silenceMs ? "the API server is silent" : undefined;
    }),
  };
}

function perWatch(watches: readonly Watched[], check: (watch: Watched) => string | undefined): Checks {
  return Object.fromEntries(watches.map((watch) => [`watch ${watch.path}`, () => check(watch)]));
}
