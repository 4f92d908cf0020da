/** Lists of ClaudeRuns. */
import type { ClaudeRun } from "../crds/claude-run.ts";
import { apiVersion, plural } from "../crds/names.ts";
import { ApiError } from "../kube/api-error.ts";
import type { Connection, RequestOptions } from "../kube/connection.ts";
import { listPages, metadataList, type ListResponse } from "../kube/list-pages.ts";
import { runsPath } from "./paths.ts";

/** Runs in one page: each can contain a prompt of 64 KiB. */
const maxItems = 250;
/** Half of the largest response that a connection reads. */
const targetBytes = 32 * 2 ** 20;

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
  const path = collectionPath(selection.namespace);
  const items: ClaudeRun[] = [];
  let resourceVersion = "";
  const pages = listPages({
    read: (query) =>
      readList(connection, path, { query }).catch((error: unknown) => {
        if (error instanceof ApiError && error.reason === "AnswerTooLarge") return undefined;
        throw error;
      }),
    readMetadata: (query) => readList(connection, path, { query, accept: metadataList }),
    query: selectionQuery(selection),
    maxItems,
    targetBytes,
  });
  for await (const page of pages) {
    const [tooLarge] = page.tooLarge;
    if (tooLarge !== undefined) {
      const { namespace = "", name = "" } = tooLarge.metadata ?? {};
      throw new ApiError(`run ${namespace}/${name} is too large to be read`, { code: 413, reason: "AnswerTooLarge" });
    }
    // Items of a list have neither apiVersion nor kind.
    for (const item of page.items) items.push({ ...item, apiVersion, kind: "ClaudeRun" } as ClaudeRun);
    resourceVersion = page.version ?? resourceVersion;
  }
  return { items, resourceVersion };
}

async function readList(
  connection: Connection,
  path: string,
  options: Pick<RequestOptions, "query" | "accept">,
): Promise<ListResponse> {
  let bytes = 0;
  const onSize = (size: number): void => {
    bytes = size;
  };
  const list = await connection.request("GET", path, { ...options, onSize });
  if (isList(list)) return { list, bytes };
  throw new InvalidListError(
    `${connection.server} did not return a list of ClaudeRuns; check the server's address and any proxy`,
  );
}

function isList(list: unknown): list is ListResponse["list"] {
  return typeof list === "object" && list !== null && "items" in list && Array.isArray(list.items);
}
