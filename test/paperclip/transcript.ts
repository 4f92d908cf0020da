/** The transcript of a run as the host keeps it, read through its REST API page by page. */
import { RejectedError, type PaperclipServer } from "./server.ts";

/** The chunk of one call of the adapter. */
export interface Chunk {
  readonly stream: string;
  readonly chunk: string;
}

/** All chunks in order; none of a run that has not begun. */
export async function transcriptOf(server: PaperclipServer, runId: string): Promise<Chunk[]> {
  const chunks: Chunk[] = [];
  for (let offset: number | undefined = 0; offset !== undefined;) {
    const page: { content: string; nextOffset?: number } = await server
      .get<{ content: string; nextOffset?: number }>(
        `/api/heartbeat-runs/${runId}/log?offset=${offset}&limitBytes=65536`,
      )
      .catch((error: unknown) => {
        // A run that has not begun has no log.
        if (error instanceof RejectedError && error.status === 404) return { content: "" };
        throw error;
      });
    const lines = page.content.split("\n").filter((line) => line !== "");
    chunks.push(...lines.map((line) => JSON.parse(line) as Chunk));
    offset = page.nextOffset;
  }
  return chunks;
}
