/** A collection, read in pages: one answer with thousands of objects would cost both sides their memory. */
import { ClusterError } from "../errors.ts";
import type { Transport } from "./transport.ts";

/** What every object that the API server lists or watches has. */
export interface Listed {
  readonly metadata?: { readonly uid?: string; readonly resourceVersion?: string };
}

interface Page {
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string };
  readonly items?: readonly Listed[];
}

/**
 * A page is garbage as soon as it was read. Of large pages V8 takes it for what lives long, and lets the heap grow: an operator
 * that met 10,000 finished runs had 102 MiB more in pages of 500, 60 in pages of 100 and 38 in pages of 50, of which it uses 9.
 */
const pageSize = 50;

/** The pages of the collection at `path`, each as it comes. Throws like Transport.request. */
export async function* listPages(
  transport: Transport,
  path: string,
  {
    signal,
    ...selectors
  }: { signal: AbortSignal; labelSelector?: string | undefined; fieldSelector?: string | undefined },
): AsyncGenerator<Page> {
  let next: string | undefined;
  do {
    const query = { limit: pageSize, continue: next, ...selectors };
    const page = (await transport.request("GET", path, { query, signal })) as Page | undefined;
    if (page === undefined) throw new ClusterError(`${path} is not served: is the ClaudeRun CRD installed?`);
    yield page;
    next = page.metadata?.continue === "" ? undefined : page.metadata?.continue;
  } while (next !== undefined);
}
