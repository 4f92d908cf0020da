/** Events that others recorded about a Job or pod of ours: what waits for a Secret or is refused says so only there. */

/** A warning in two fields. */
export interface Warning {
  readonly reason: string;
  readonly message: string;
}

interface EventList {
  readonly items?: readonly {
    readonly reason?: string;
    readonly message?: string;
    readonly lastTimestamp?: string;
    readonly eventTime?: string;
  }[];
}

/** Path and query of the warnings about an object. */
export function warningsAbout(thing: { readonly namespace: string; readonly uid: string }): {
  path: string;
  query: Record<string, string | number>;
} {
  const query = { fieldSelector: `involvedObject.uid=${thing.uid},type=Warning`, limit: 50 };
  return { path: `/api/v1/namespaces/${thing.namespace}/events`, query };
}

/** The newest of a list of Events, if it says anything. */
export function newestWarning(list: unknown): Warning | undefined {
  const events = (list as EventList | undefined)?.items ?? [];
  const at = (event: (typeof events)[number]): string => event.lastTimestamp ?? event.eventTime ?? "";
  const [newest] = events.toSorted((a, b) => (at(a) < at(b) ? 1 : -1));
  if (newest?.reason === undefined || newest.message === undefined) return undefined;
  return { reason: newest.reason, message: newest.message };
}
