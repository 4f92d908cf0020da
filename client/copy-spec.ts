/** Derives the spec of a new run from an earlier one: continues its session, or repeats its work. Pure. */
import type { ClaudeRun } from "../crds/claude-run.ts";
import { sessionId } from "../crds/formats.ts";

/** The session of a run that a new run can resume, or the reason why there is none. */
export type ResumableSession =
  { readonly ok: true; readonly id: string } | { readonly ok: false; readonly why: string };

/** Fields of the earlier run alone: a copy must not be suspended, cancelled or bound to its client's Lease. */
const runFields: ReadonlySet<string> = new Set(["suspend", "cancel", "cancelReason", "clientLeaseName"]);
const promptFields: ReadonlySet<string> = new Set(["prompt", "promptFrom", "session"]);

/** Returns the session if it is on a volume claim. The agent could have written any id, so its form is checked. */
export function resumableSession({ spec, status }: ClaudeRun): ResumableSession {
  const id = status?.session?.id;
  if (id === undefined) return { ok: false, why: "it has no session" };
  if (!isSessionId(id)) return { ok: false, why: "its session id is invalid" };
  if (spec.workspace?.persistentVolumeClaim === undefined)
    return { ok: false, why: "its workspace was not on a volume claim, so the session was deleted with its pod" };
  return { ok: true, id };
}

/** Returns true if the id has the form of claude's session ids. */
export function isSessionId(id: string | undefined): boolean {
  return id !== undefined && id.length <= 128 && sessionId.isValid(id);
}

/** Returns a spec that continues the session. The caller adds the prompt. */
export function continuedSpec({ spec }: ClaudeRun, id: string): Record<string, unknown> {
  return { ...omit(spec, new Set([...runFields, ...promptFields])), session: { resume: id } };
}

/** Returns a spec of the same work, in a new session or in the one that the earlier run resumed. */
export function retriedSpec({ spec }: ClaudeRun, isNewSession: boolean): Record<string, unknown> {
  return omit(spec, isNewSession ? new Set([...runFields, "session"]) : runFields);
}

function omit(spec: ClaudeRun["spec"], omitted: ReadonlySet<string>): Record<string, unknown> {
  return structuredClone(Object.fromEntries(Object.entries(spec).filter(([field]) => !omitted.has(field))));
}
