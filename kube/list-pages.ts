/**
 * Reads a collection in pages, because one response with thousands of objects or a few large ones would cost both
 * sides their memory.
 */
import type { ObjectMetadata } from "./watch.ts";

/** An object of a list or watch. */
export interface Listed {
  readonly metadata?: ObjectMetadata;
}

/** Some objects of a collection. */
export interface Page {
  /** The list's resourceVersion. */
  readonly version: string | undefined;
  readonly items: readonly Listed[];
  /** Objects that are too large to be read, with their metadata only. */
  readonly tooLarge: readonly Listed[];
  /** Size of the response. */
  readonly bytes: number;
}

/** The response to a list request. */
export interface ListResponse {
  readonly list: {
    readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string };
    readonly items?: readonly Listed[];
  };
  readonly bytes: number;
}

export type ListQuery = Readonly<Record<string, string>>;

export interface ListOptions {
  /** Sends one list request. Returns undefined if the response is larger than allowed. */
  readonly read: (query: ListQuery) => Promise<ListResponse | undefined>;
  /** The same for the objects' metadata only; throws if that is too large too. */
  readonly readMetadata: (query: ListQuery) => Promise<ListResponse>;
  /** Selectors. */
  readonly query: Readonly<Record<string, string | undefined>>;
  /** Maximum number of objects in a page. */
  readonly maxItems: number;
  /** Target for one page, below the limit of a response: the next objects can be larger than these. */
  readonly targetBytes: number;
}

/** The value of `accept` for lists with the objects' metadata only. */
export const metadataList = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

/**
 * Yields each page as it arrives. A page that is too large is requested again with half as many objects; of an object
 * that is too large by itself only the metadata is read. Throws what `read` and `readMetadata` throw.
 */
export async function* listPages({ read, readMetadata, query, ...limits }: ListOptions): AsyncGenerator<Page> {
  const { maxItems, targetBytes } = limits;
  let limit = maxItems;
  let next: string | undefined;
  for (;;) {
    const asked = defined({ ...query, limit: String(limit), continue: next });
    const whole = await read(asked);
    if (whole === undefined && limit > 1) {
      limit >>= 1;
      continue;
    }
    const { list, bytes } = whole ?? (await readMetadata(asked));
    const { metadata = {}, items = [] } = list;
    const page = { version: metadata.resourceVersion, bytes };
    yield whole === undefined ? { ...page, items: [], tooLarge: items } : { ...page, items, tooLarge: [] };
    // Grows slowly, because the next objects can be larger.
    if (whole !== undefined)
      limit = Math.max(1, Math.min(maxItems, 2 * limit, Math.floor((targetBytes / Math.max(1, bytes)) * limit)));
    next = metadata.continue === "" ? undefined : metadata.continue;
    if (next === undefined) return;
  }
}

function defined(query: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const entries = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return Object.fromEntries(entries);
}
