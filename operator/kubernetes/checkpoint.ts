/** The runner's newest checkpoint from the end of a pod's log: one read, bounded in lines and in bytes, whatever was written there. */
import * as z from "zod";
import { statusSchema } from "../../crds/status.ts";
import type { Pod, Sample } from "../domain.ts";
import { ClusterError } from "../errors.ts";
import { containerName } from "../names.ts";
import { object } from "./paths.ts";
import type { Transport } from "./transport.ts";

/**
 * The runner writes a checkpoint after every 64 KiB and 5 s after any line. The kubelet counts pieces of at most 16 KiB
 * as lines, so that among so many there is one; of larger lines what fits is looked at, and that may be none.
 */
const tail = { tailLines: 40, limitBytes: 192 * 1024 };
const timeoutMs = 5_000;

/** What the runner last said of itself; undefined: nothing in what was read. Throws ClusterError if there is no reading. */
export async function readCheckpoint(transport: Transport, pod: Pod): Promise<Sample | undefined> {
  const query = { container: containerName, ...tail };
  const text = await transport.request("GET", `${object("pod", pod)}/log`, { query, timeoutMs, answer: "text" });
  if (typeof text !== "string") throw new ClusterError(`pod ${pod.namespace}/${pod.name} has no log`);
  return newestCheckpoint(text);
}

const { log, progress, session } = statusSchema.shape;
const { lines, bytes } = log.unwrap().shape;
/** The agent can write such lines too: what does not fit into a status is no checkpoint. */
const checkpointSchema = z.object({
  type: z.literal("runner"),
  subtype: z.literal("checkpoint"),
  log: z.object({ lines: lines.unwrap(), bytes: bytes.unwrap() }),
  progress: progress.unwrap(),
  session: session.unwrap().optional(),
});

/** The last line that is a checkpoint; the first one may be a piece. */
export function newestCheckpoint(text: string): Sample | undefined {
  const candidates = text.split("\n").filter((line) => line.startsWith('{"type":"runner","subtype":"checkpoint"'));
  for (const line of candidates.toReversed()) {
    const parsed = checkpointSchema.safeParse(asJson(line));
    if (!parsed.success) continue;
    const { log: written, progress: done, session: named } = parsed.data;
    const lastLineTime = done.lastActivityTime;
    return {
      log: { ...written, ...(lastLineTime === undefined ? {} : { lastLineTime }) },
      progress: done,
      ...(named === undefined ? {} : { session: named }),
    };
  }
  return undefined;
}

function asJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
