/**
 * Reads Events about a run's Job or pod, and creates Events about runs. Only Events show that a pod waits for a Secret
 * or that it was rejected.
 */
import { apiVersion, fieldManager, kind } from "../../crds/names.ts";
import type { RunEvent, Run } from "../domain.ts";

/** Reason and message of a warning Event. */
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

/** Path and query for the warnings about an object. */
export function warningsAbout(object: { readonly namespace: string; readonly uid: string }): {
  path: string;
  query: Record<string, string | number>;
} {
  const query = { fieldSelector: `involvedObject.uid=${object.uid},type=Warning`, limit: 50 };
  return { path: `/api/v1/namespaces/${object.namespace}/events`, query };
}

/** Returns the newest of a list of Events, if it has a reason and a message. */
export function newestWarning(list: unknown): Warning | undefined {
  const events = (list as EventList | undefined)?.items ?? [];
  const at = (event: (typeof events)[number]): string => event.lastTimestamp ?? event.eventTime ?? "";
  const [newest] = events.toSorted((a, b) => (at(a) < at(b) ? 1 : -1));
  if (newest?.reason === undefined || newest.message === undefined) return undefined;
  return { reason: newest.reason, message: newest.message };
}

/** The API allows a note of 1 KiB. */
const maxNoteLength = 1_000;

/** Returns an Event of events.k8s.io/v1 about a run, and the path for its POST. */
export function eventAbout(
  run: Pick<Run, "namespace" | "name" | "uid"> & Partial<Pick<Run, "resourceVersion">>,
  event: RunEvent,
  at: { readonly nowMs: number; readonly instance: string },
): { path: string; body: object } {
  const { namespace, name, uid, resourceVersion } = run;
  const version = resourceVersion === undefined ? {} : { resourceVersion };
  const body = {
    apiVersion: "events.k8s.io/v1",
    kind: "Event",
    metadata: { generateName: `${name}-`, namespace },
    // MicroTime: six digits after the second.
    eventTime: new Date(at.nowMs).toISOString().replace("Z", "000Z"),
    reportingController: `paperclip.io/${fieldManager}`,
    reportingInstance: at.instance,
    type: event.type,
    reason: event.reason,
    action: event.action,
    note: event.note.slice(0, maxNoteLength).toWellFormed(),
    regarding: { apiVersion, kind, namespace, name, uid, ...version },
  };
  return { path: `/apis/events.k8s.io/v1/namespaces/${namespace}/events`, body };
}
