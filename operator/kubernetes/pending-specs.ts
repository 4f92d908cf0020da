/**
 * Keeps runs that are not admitted yet, as the watch sent them: their Job and ConfigMap need no other read. The size is
 * limited, because a tenant may create as many runs of a megabyte as the quota allows.
 */
import type { ClaudeRun } from "../../crds/claude-run.ts";
import { inherited } from "../plan/job.ts";
import { heapBytes } from "./heap-bytes.ts";

/** A larger run is read again when its Job is created, which takes some milliseconds. */
const maxRunBytes = 64 * 1024;
/** Room for 2,000 runs of a usual size. */
const maxBytes = 16 * 2 ** 20;

export class PendingSpecs {
  readonly #runs = new Map<string, { readonly run: object; readonly bytes: number }>();
  #bytes = 0;

  /** Estimated memory of the stored runs. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Returns the run without annotations and managed fields that its Job does not need; undefined if it is not stored.
   */
  get(uid: string): object | undefined {
    return this.#runs.get(uid)?.run;
  }

  delete(uid: string): void {
    this.#bytes -= this.#runs.get(uid)?.bytes ?? 0;
    this.#runs.delete(uid);
  }

  /** Stores a run if it is small enough; the oldest ones are evicted. */
  set(uid: string, { metadata, ...rest }: ClaudeRun): void {
    this.delete(uid);
    const { name, namespace, resourceVersion, generation, creationTimestamp, labels = {}, annotations = {} } = metadata;
    const kept = { name, namespace, uid, resourceVersion, generation, creationTimestamp };
    const run = { ...rest, metadata: { ...kept, labels: inherited(labels), annotations: inherited(annotations) } };
    const bytes = heapBytes(run, maxRunBytes);
    if (bytes > maxRunBytes) return;
    this.#runs.set(uid, { run, bytes });
    this.#bytes += bytes;
    for (const oldest of this.#runs.keys()) {
      if (this.#bytes <= maxBytes) return;
      this.delete(oldest);
    }
  }
}
