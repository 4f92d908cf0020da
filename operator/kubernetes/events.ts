/**
 * Events: those that others recorded about a Job or pod of ours (what waits for a Secret or is refused says so only
 * there), and our own about a run.
 */
import { apiVersion, fieldManager, kind } from "../../crds/names.ts";
import type { Announcement, Run } from "../domain.ts";

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

/** The API takes a note of 1 KiB. */
const maxNoteLength = 1_000;

/** An Event of events.k8s.io/v1 about a run, and the path to post it to. */
export function eventAbout(
  run: Run,
  said: Announcement,
  at: { readonly nowMs: number; readonly instance: string },
): { path: string; body: object } {
  const { namespace, name, uid, resourceVersion } = run;
  const body = {
    apiVersion: "events.k8s.io/v1",
    kind: "Event",
    metadata: { generateName: `${name}-`, namespace },
    // MicroTime: six digits after the second.
    eventTime: new Date(at.nowMs).toISOString().replace("Z", "000Z"),
    reportingController: `paperclip.io/${fieldManager}`,
    reportingInstance: at.instance,
    type: said.type,
    reason: said.reason,
    action: said.action,
    note: said.note.slice(0, maxNoteLength).toWellFormed(),
    regarding: { apiVersion, kind, namespace, name, uid, resourceVersion },
  };
  return { path: `/apis/events.k8s.io/v1/namespaces/${namespace}/events`, body };
}
