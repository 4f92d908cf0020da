/** Reads the runner's newest checkpoint from the end of a pod's log. A read is limited in lines and bytes. */
import * as z from "zod";
import { statusSchema } from "../../crds/status.ts";
import type { Pod, Sample } from "../domain.ts";
import { ClusterError } from "../errors.ts";
import { containerName } from "../names.ts";
import { object } from "./paths.ts";
import type { Transport } from "./transport.ts";

/**
 * The runner writes a checkpoint after every 64 KiB and 5 s after any line. The kubelet counts pieces of at most 16
 * KiB as lines, and returns the first `limitBytes` of the last `tailLines`. This number of long lines contains a
 * checkpoint. More are needed if lines are short, such as partial messages.
 */
const minLines = 40;
const maxLines = 50_000;
const limitBytes = 192 * 1024;
const coveredBytes = 96 * 1024;
const timeoutMs = 5_000;
/** Maximum number of pods with a known number of lines. */
const maxPods = 1_000;

/** Reads the end of a log once per call. If a pod's lines are short, the next call reads more of them. */
export class CheckpointReader {
  readonly #transport: Transport;
  readonly #tailLines = new Map<string, number>();

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Returns the newest checkpoint, or undefined if the read part has none. Throws ClusterError if the read fails. */
  async read(pod: Pod): Promise<Sample | undefined> {
    const tailLines = this.#tailLines.get(pod.uid) ?? minLines;
    const query = { container: containerName, tailLines, limitBytes };
    const path = `${object("pod", pod)}/log`;
    const text = await this.#transport.request("GET", path, { query, timeoutMs, answer: "text" });
    if (typeof text !== "string") throw new ClusterError(`pod ${pod.namespace}/${pod.name} has no log`);
    const bytes = Buffer.byteLength(text);
    const lines = text.split("\n").length - 1;
    // Lines that are written during the read come after the requested ones, and may be cut off.
    if (bytes >= limitBytes && lines < tailLines && tailLines > minLines) {
      // The lines have become longer, so the newest ones were cut off.
      this.#tailLines.delete(pod.uid);
      return undefined;
    }
    const found = newestCheckpoint(text);
    if (found === undefined && lines >= tailLines) this.#readMore(pod.uid, Math.ceil((coveredBytes * lines) / bytes));
    return found;
  }

  #readMore(uid: string, tailLines: number): void {
    const [oldest] = this.#tailLines.keys();
    if (oldest !== undefined && this.#tailLines.size >= maxPods) this.#tailLines.delete(oldest);
    this.#tailLines.set(uid, Math.min(Math.max(tailLines, minLines), maxLines));
  }
}

const { log, progress, session } = statusSchema.shape;
const { lines, bytes } = log.unwrap().shape;
/** The agent can write such lines too: a line with invalid values is ignored. */
const checkpointSchema = z.object({
  type: z.literal("runner"),
  subtype: z.literal("checkpoint"),
  log: z.object({ lines: lines.unwrap(), bytes: bytes.unwrap() }),
  progress: progress.unwrap(),
  // An invalid session id does not invalidate the figures.
  session: session.unwrap().optional().catch(undefined),
});

/** Returns the last checkpoint in a text, whose first line may be incomplete. */
export function newestCheckpoint(text: string): Sample | undefined {
  const candidates = text.split("\n").filter((line) => line.startsWith('{"type":"runner","subtype":"checkpoint"'));
  for (const line of candidates.toReversed()) {
    const parsed = checkpointSchema.safeParse(asJson(line));
    if (!parsed.success) continue;
    const { log: size, progress: newest, session: current } = parsed.data;
    const lastLineTime = newest.lastActivityTime;
    return {
      log: { ...size, ...(lastLineTime === undefined ? {} : { lastLineTime }) },
      progress: newest,
      ...(current === undefined ? {} : { session: current }),
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
