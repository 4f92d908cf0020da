/** Restores changed labels and annotations of a run's pod: watches and other replicas find the pod by them. */
import type { Log } from "../log.ts";
import { managedBy } from "../names.ts";
import type { EventRecorder } from "./event-recorder.ts";
import { origin, type Meta, type Origin } from "./meta.ts";
import { restoring } from "./patches.ts";
import { object } from "./paths.ts";
import type { Transport } from "./transport.ts";

interface Found {
  readonly metadata?: Meta;
}

export interface PodLabelsOptions {
  readonly transport: Pick<Transport, "request">;
  readonly recorder: EventRecorder;
  readonly log: Pick<Log, "warn">;
}

export class PodLabels {
  readonly #options: PodLabelsOptions;

  constructor(options: PodLabelsOptions) {
    this.#options = options;
  }

  /** Returns the stored pod with restored labels and annotations; undefined if it was deleted. */
  async find(
    of: Origin,
    { namespace, name, uid }: { readonly namespace: string; readonly name: string; readonly uid: string },
  ): Promise<Found | undefined> {
    const { transport, recorder, log } = this.#options;
    const path = object("pod", { namespace, name });
    const found = (await transport.request("GET", path)) as Found | undefined;
    if (found?.metadata?.uid !== uid) return undefined;
    if (hasLabelsOf(of, found.metadata)) return found;
    const { runName, runUid } = of;
    log.warn({ namespace, run: runName, pod: name }, "restoring changed labels or annotations of a run's pod");
    const note = `Another client changed labels or annotations of pod ${name}. They are restored.`;
    if (runUid !== "") recorder.warnOfChange({ namespace, runName, runUid }, "LabelsRestored", note);
    const { body, patchType } = restoring(of, { uid });
    return (await transport.request("PATCH", path, { body, patchType })) as Found | undefined;
  }
}

function hasLabelsOf({ agent, runName, runUid, attempt }: Origin, meta: Meta): boolean {
  const made = origin(meta);
  return (
    meta.labels?.["app.kubernetes.io/managed-by"] === managedBy &&
    made.agent === agent &&
    made.runName === runName &&
    made.runUid === runUid &&
    made.attempt === attempt
  );
}
