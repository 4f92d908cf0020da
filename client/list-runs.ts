/** Lists of ClaudeRuns. */
import type { ClaudeRun } from "../crds/claude-run.ts";
import { apiVersion, plural } from "../crds/names.ts";
import type { Connection } from "../kube/connection.ts";
import { runsPath } from "./paths.ts";

/** Runs in one page: each can contain a prompt of 64 KiB. */
const pageSize = "250";
/** Selects runs. Without a namespace it selects runs of all namespaces. */
export interface RunSelection {
  readonly namespace: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
}

/** Runs, and the resource version that a watch continues from. */
export interface RunList {
  readonly items: ClaudeRun[];
  readonly resourceVersion: string;
}

/** Returns the path of the collection. */
export function collectionPath(namespace: string | undefined): string {
  return namespace === undefined ? `/apis/${apiVersion}/${plural}` : runsPath(namespace);
}

/** Returns the query parameters of a selection. */
export function selectionQuery({ labelSelector, fieldSelector }: RunSelection): Record<string, string> {
  return {
    ...(labelSelector === undefined ? {} : { labelSelector }),
    ...(fieldSelector === undefined ? {} : { fieldSelector }),
  };
}

/** The response to a list request is not a list, so the server is not an API server. */
export class InvalidListError extends Error {
  override readonly name = "InvalidListError";
}

/** Returns all selected runs, read page by page. Throws ApiError or InvalidListError. */
export async function listRuns(connection: Connection, selection: RunSelection): Promise<RunList> {
  const items: ClaudeRun[] = [];
  for (let next: string | undefined; ;) {
    const query = { ...selectionQuery(selection), limit: pageSize, ...(next === undefined ? {} : { continue: next }) };
    const page = (await connection.request("GET", collectionPath(selection.namespace), { query })) as {
      readonly items: readonly ClaudeRun[];
      readonly metadata?: { readonly continue?: string; readonly resourceVersion?: string };
    };
    if (!isList(page)) {
      throw new InvalidListError(
        `${connection.server} did not return a list of ClaudeRuns; check the server's address and any proxy`,
      );
    }
    // Items of a list have neither apiVersion nor kind.
    for (const item of page.items) items.push({ ...item, apiVersion, kind: "ClaudeRun" });
    next = page.metadata?.continue === "" ? undefined : page.metadata?.continue;
    if (next === undefined) return { items, resourceVersion: page.metadata?.resourceVersion ?? "" };
  }
}

function isList(page: unknown): boolean {
  return typeof page === "object" && page !== null && "items" in page && Array.isArray(page.items);
}
