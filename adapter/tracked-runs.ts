/**
 * The runs that this client created, tracked until their Secrets are deleted. If execute() could not finish a run,
 * a background task does. Garbage collection may cancel a run of this client that is not tracked.
 */
import { setTimeout as wait } from "node:timers/promises";
import { backoffMs } from "../kube/backoff.ts";
import { ApiError } from "../kube/api-error.ts";
import type { Connection } from "../kube/connection.ts";
import { cancelRun, readRun } from "../client/runs.ts";
import { deleteRunSecrets } from "./run-secrets.ts";
import { outcomeOfRun } from "./result/outcome.ts";
import { runIdAnnotation } from "./spec/names.ts";

/** Identifies a run before it is created. */
export interface TrackedRun {
  readonly connection: Connection;
  readonly namespace: string;
  readonly name: string;
  /** The host's id of the run. A run of this name with another id belongs to another client. */
  readonly runId: string;
  readonly secrets: readonly string[];
}

/** How execute() releases a run. */
export type Release =
  /** The run has finished and needs no Secrets. */
  | "finished"
  /** The run was cancelled, or will finish by itself. */
  | "continuing"
  /** No code follows the run any more: it must be cancelled. */
  | "abandoned"
  /** The run was never created. */
  | "not created";

const backoff = { baseMs: 500, maxMs: 60_000 };
/** Limit of background tasks while the API server is unreachable. Garbage collection handles further runs. */
const maxBackground = 1_000;

/** Runs by namespace and name. */
export class TrackedRuns {
  /** Number of execute() calls that follow each run. */
  readonly #followed = new Map<string, number>();
  readonly #background = new Set<string>();

  /** Returns true while execute() or a background task follows the run. */
  isTracked({ namespace, name }: Pick<TrackedRun, "namespace" | "name">): boolean {
    const key = keyOf(namespace, name);
    return this.#followed.has(key) || this.#background.has(key);
  }

  /** Tracks a run before it is created. Returns a function that releases it. The same run may be tracked twice. */
  track(run: TrackedRun): (how: Release) => void {
    const key = keyOf(run.namespace, run.name);
    this.#followed.set(key, (this.#followed.get(key) ?? 0) + 1);
    let isReleased = false;
    return (how) => {
      if (isReleased) return;
      isReleased = true;
      this.#release(key, run, how);
    };
  }

  #release(key: string, run: TrackedRun, how: Release): void {
    const others = (this.#followed.get(key) ?? 1) - 1;
    if (others > 0) this.#followed.set(key, others);
    else this.#followed.delete(key);
    if (
      how === "not created" ||
      (others > 0 && how !== "finished") ||
      this.#background.has(key) ||
      this.#background.size >= maxBackground
    )
      return;
    this.#background.add(key);
    void cleanUp(run, how).finally(() => this.#background.delete(key));
  }
}

/** Cleans up in the background. Retries each step until it succeeds. */
async function cleanUp(run: TrackedRun, how: Release): Promise<void> {
  const { connection, namespace, name, secrets } = run;
  const isOurs = how === "finished" || (await retryUntilDone(() => ensureFinished(run, how)));
  if (isOurs && secrets.length > 0)
    await retryUntilDone(() => deleteRunSecrets(connection, { namespace, name }, secrets));
}

/** Returns true if the run has finished or was deleted, false if it is another client's. Throws if it is unfinished. */
async function ensureFinished({ connection, namespace, name, runId }: TrackedRun, how: Release): Promise<boolean> {
  try {
    const run = await readRun(connection, { namespace, name });
    if (run.metadata.annotations?.[runIdAnnotation] !== runId) return false;
    if (outcomeOfRun(run) !== undefined) return true;
    if (how === "abandoned" && !run.spec.cancel) await cancelRun(connection, run.metadata, "its client failed");
    throw new NotFinishedError();
  } catch (error) {
    if (error instanceof ApiError && error.code === 404) return true;
    throw error;
  }
}

class NotFinishedError extends Error {}

async function retryUntilDone<T>(step: () => Promise<T>): Promise<T> {
  for (let failures = 1; ; failures += 1) {
    try {
      return await step();
    } catch {
      // Unreferenced: the task must not keep an idle process alive.
      await wait(backoffMs(failures, backoff), undefined, { ref: false });
    }
  }
}

/** Without the server's URL, because two kubeconfigs can have different URLs of it. Names contain the host's run id. */
function keyOf(namespace: string, name: string): string {
  return `${namespace}/${name}`;
}
