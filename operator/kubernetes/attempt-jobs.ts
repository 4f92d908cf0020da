/** Creates and reads the Jobs of attempts. */
import type { V1Job } from "@kubernetes/client-node";

import type { Job, Run } from "../domain.ts";
import { ConflictError, RejectedError } from "../errors.ts";
import type { Caches } from "./caches.ts";
import { parseJob } from "./parse.ts";
import { collection, object } from "./paths.ts";
import type { Transport } from "./transport.ts";

export interface AttemptJobsOptions {
  readonly transport: Pick<Transport, "request">;
  readonly caches: Pick<Caches, "jobs">;
}

export class AttemptJobs {
  readonly #transport: AttemptJobsOptions["transport"];
  readonly #caches: AttemptJobsOptions["caches"];

  constructor({ transport, caches }: AttemptJobsOptions) {
    this.#transport = transport;
    this.#caches = caches;
  }

  /** Creates the Job. Idempotent; throws RejectedError if a Job with this name does not belong to the run. */
  async create(run: Run, body: V1Job): Promise<void> {
    const job = await this.#created(run, body);
    this.#caches.jobs.put(job.uid, job);
    // No watch would report it a second time, so nothing else would reconcile the run before its deadline.
    if (this.#caches.jobs.get(job.uid) === undefined)
      throw new ConflictError(`Job ${job.namespace}/${job.name} was deleted since: reconcile again`);
  }

  async #created(run: Run, body: V1Job): Promise<Job> {
    const name = body.metadata?.name ?? "";
    try {
      const created = parseJob(await this.#transport.request("POST", collection("job", run.namespace), { body }));
      if (created === undefined) throw new ConflictError(`namespace ${run.namespace} was deleted`);
      return created;
    } catch (error) {
      if (!(error instanceof RejectedError) || error.reason !== "AlreadyExists") throw error;
      const existing = await this.#transport.request("GET", object("job", { namespace: run.namespace, name }));
      if (existing === undefined)
        throw new ConflictError(`Job ${run.namespace}/${name} was being deleted: reconcile again`);
      const found = parseJob(existing);
      if (found?.runUid === run.uid) return { ...found, agent: run.spec.agent };
      const message = `Job ${name} exists and does not belong to this run: delete it, or create a run with another name`;
      throw new RejectedError(message, { code: 422, reason: "Invalid", cause: error });
    }
  }

  /** True if the API server has the Job, not being deleted, and suspended as observed. The cache is updated. */
  async exists(observed: Pick<Job, "namespace" | "name" | "uid"> & Pick<Partial<Job>, "suspended">): Promise<boolean> {
    const found = (await this.#transport.request("GET", object("job", observed))) as
      { metadata?: { uid?: string; deletionTimestamp?: string } } | undefined;
    if (found?.metadata?.uid !== observed.uid) return false;
    const job = parseJob(found);
    if (job !== undefined) this.#caches.jobs.put(job.uid, job);
    return found.metadata.deletionTimestamp === undefined && job?.suspended?.by === observed.suspended?.by;
  }
}
