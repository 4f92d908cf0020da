/** Finding ClaudeRuns: by name, by the beginning of one, by selector. */
import { ApiError } from "../../adapter/kubernetes/api-error.ts";
import type { Connection } from "../../adapter/kubernetes/connection.ts";
import { runPath, runsPath } from "../../adapter/kubernetes/paths.ts";
import type { ClaudeRun } from "../../crds/claude-run.ts";
import { apiVersion, plural } from "../../crds/names.ts";
import { finishedPhases } from "../../crds/status.ts";
import { Problem } from "../problem.ts";

/** A page: a run can hold a prompt of 64 KiB. */
const pageSize = "250";
/** Names that are told when one is ambiguous or missing. */
const mostCandidates = 8;

/** Which runs; a namespace that is undefined stands for all. */
export interface Selection {
  readonly namespace: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
}

/** A list with the version that a watch goes on from. */
export interface RunList {
  readonly items: ClaudeRun[];
  readonly resourceVersion: string;
}

/** Path of the collection. */
export function collectionPath(namespace: string | undefined): string {
  return namespace === undefined ? `/apis/${apiVersion}/${plural}` : runsPath(namespace);
}

/** The query of a selection. */
export function queryOf({ labelSelector, fieldSelector }: Selection): Record<string, string> {
  return {
    ...(labelSelector === undefined ? {} : { labelSelector }),
    ...(fieldSelector === undefined ? {} : { fieldSelector }),
  };
}

/** All of them, page by page. Throws ApiError. */
export async function listRuns(connection: Connection, selection: Selection): Promise<RunList> {
  const items: ClaudeRun[] = [];
  for (let next: string | undefined; ;) {
    const query = { ...queryOf(selection), limit: pageSize, ...(next === undefined ? {} : { continue: next }) };
    const page = (await connection.request("GET", collectionPath(selection.namespace), { query })) as {
      readonly items: readonly ClaudeRun[];
      readonly metadata?: { readonly continue?: string; readonly resourceVersion?: string };
    };
    // Items of a list do not say what they are.
    for (const item of page.items) items.push({ ...item, apiVersion, kind: "ClaudeRun" });
    next = page.metadata?.continue === "" ? undefined : page.metadata?.continue;
    if (next === undefined) return { items, resourceVersion: page.metadata?.resourceVersion ?? "" };
  }
}

/** The run of this name, or the only one whose name begins so. Throws a Problem that names the candidates. */
export async function findRun(connection: Connection, namespace: string, name: string): Promise<ClaudeRun> {
  const word = name.replace(/^(clauderuns?|clr)(\.paperclip\.io)?\//, "");
  try {
    return (await connection.request("GET", runPath(namespace, encodeURIComponent(word)))) as ClaudeRun;
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 404) throw error;
    const { items } = await listRuns(connection, { namespace });
    const candidates = items.filter((run) => run.metadata.name.startsWith(word));
    const [only] = candidates;
    if (only !== undefined && candidates.length === 1) return only;
    throw new Problem(
      candidates.length > 1
        ? `${word} is ambiguous in namespace ${namespace}: ${namesOf(candidates)}`
        : `there is no run ${word} in namespace ${namespace}${items.length === 0 ? ", nor any other" : `: there are ${namesOf(newestFirst(items))}`}`,
      { cause: error },
    );
  }
}

function namesOf(runs: readonly ClaudeRun[]): string {
  const names = runs.slice(0, mostCandidates).map(({ metadata }) => metadata.name);
  return names.join(", ") + (runs.length > names.length ? ` and ${runs.length - names.length} more` : "");
}

/** Newest first; of the same second by name. */
export function newestFirst(runs: readonly ClaudeRun[]): ClaudeRun[] {
  return runs.toSorted(
    (a, b) =>
      b.metadata.creationTimestamp.localeCompare(a.metadata.creationTimestamp) ||
      a.metadata.name.localeCompare(b.metadata.name),
  );
}

/** True once the run has ended, either way. */
export function isFinished({ status }: ClaudeRun): boolean {
  return finishedPhases.some((phase) => phase === status?.phase);
}

/** The condition that people look at. */
export function verdictOf({ status }: ClaudeRun): { readonly reason: string; readonly message: string } {
  const condition = status?.conditions?.find(({ type }) => type === "Succeeded");
  return { reason: condition?.reason ?? "", message: condition?.message ?? "" };
}
