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
 * as lines, and hands out the first `limitBytes` of the last `tailLines`: among so many there is a checkpoint if lines are
 * long. Of short ones, such as partial messages, more are needed.
 */
const fewestLines = 40;
const mostLines = 50_000;
const limitBytes = 192 * 1024;
const coveredBytes = 96 * 1024;
const timeoutMs = 5_000;
/** Pods of which it is known that their lines are short. */
const rememberedPods = 1_000;

/** Reads the ends of logs, once per call; of a pod whose lines proved short it asks for more of them the next time. */
export class CheckpointReader {
  readonly #transport: Transport;
  readonly #tailLines = new Map<string, number>();

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** What the runner last said of itself; undefined: nothing in what was read. Throws ClusterError if there is no reading. */
  async read(pod: Pod): Promise<Sample | undefined> {
    const tailLines = this.#tailLines.get(pod.uid) ?? fewestLines;
    const query = { container: containerName, tailLines, limitBytes };
    const path = `${object("pod", pod)}/log`;
    const text = await this.#transport.request("GET", path, { query, timeoutMs, answer: "text" });
    if (typeof text !== "string") throw new ClusterError(`pod ${pod.namespace}/${pod.name} has no log`);
    const bytes = Buffer.byteLength(text);
    const lines = text.split("\n").length - 1;
    // What was written while it was read comes on top of the lines that were asked for, and may be cut off.
    if (bytes >= limitBytes && lines < tailLines && tailLines > fewestLines) {
      // The lines have grown: what was cut off is the newest.
      this.#tailLines.delete(pod.uid);
      return undefined;
    }
    const found = newestCheckpoint(text);
    if (found === undefined && lines >= tailLines) this.#askForMore(pod.uid, Math.ceil((coveredBytes * lines) / bytes));
    return found;
  }

  #askForMore(uid: string, tailLines: number): void {
    const [oldest] = this.#tailLines.keys();
    if (oldest !== undefined && this.#tailLines.size >= rememberedPods) this.#tailLines.delete(oldest);
    this.#tailLines.set(uid, Math.min(Math.max(tailLines, fewestLines), mostLines));
  }
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
