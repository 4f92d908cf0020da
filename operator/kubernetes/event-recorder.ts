/** Records Events about runs. A failed write is only logged, because no decision depends on Events. */
import { hostname } from "node:os";
import type { RunEvent, Run } from "../domain.ts";
import type { Log } from "../log.ts";
import type { RunRef } from "./run-config-maps.ts";
import { eventAbout } from "./events.ts";
import { Expectations } from "./expectations.ts";
import type { Transport } from "./transport.ts";

/** Least time between two Warnings about a run with the same reason. */
const warningEveryMs = 60_000;

/** The object of an Event. */
export interface EventSubject extends Partial<Pick<Run, "resourceVersion">> {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

export class EventRecorder {
  readonly #transport: Pick<Transport, "request" | "now">;
  readonly #log: Pick<Log, "warn">;
  readonly #instance = hostname();
  readonly #warned = new Expectations(warningEveryMs);

  constructor(transport: Pick<Transport, "request" | "now">, log: Pick<Log, "warn">) {
    this.#transport = transport;
    this.#log = log;
  }

  record(run: EventSubject, event: RunEvent): void {
    const at = { nowMs: this.#transport.now(), instance: this.#instance };
    const { path, body } = eventAbout(run, event, at);
    this.#transport.request("POST", path, { body, answer: "ignored" }).catch((error: unknown) => {
      this.#log.warn({ namespace: run.namespace, run: run.name, err: error }, "failed to record Event");
    });
  }

  /** Records that the operator reverted a change, at most once a minute: such changes may repeat for ever. */
  warnOfChange({ namespace, runName, runUid }: RunRef, reason: string, note: string): void {
    const key = `${runUid}/${reason}`;
    if (this.#warned.has(key)) return;
    this.#warned.add(key);
    this.record({ namespace, name: runName, uid: runUid }, { type: "Warning", reason, action: "Restore", note });
  }
}
