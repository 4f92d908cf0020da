import type { V1Job } from "@kubernetes/client-node";
import { describe, expect, it } from "vitest";
import { ConflictError, RejectedError } from "../errors.ts";
import type { Job } from "../domain.ts";
import { aRun } from "../testing/builders.ts";
import { managedMetadata } from "../testing/managed-metadata.ts";
import { AttemptJobs } from "./attempt-jobs.ts";
import { Store } from "./store.ts";

const runUid = managedMetadata.annotations["paperclip.io/run-uid"];
const run = { ...aRun("fix-login"), uid: runUid };
const metadata = { name: "fix-login-0f6b2c1d-1" };
const body: V1Job = { metadata };

/** A Job that exists already, at `version`. POST is answered with 409, GET with the Job. */
function setUp(version: string): { create: () => Promise<void>; jobs: Store<Job>; changes: number[] } {
  const stored = {
    metadata: {
      ...managedMetadata,
      ...metadata,
      namespace: run.namespace,
      uid: "uid-job",
      resourceVersion: version,
      ownerReferences: [
        { apiVersion: "paperclip.io/v1alpha1", kind: "ClaudeRun", name: run.name, uid: runUid, controller: true },
      ],
    },
  };
  const exists = new RejectedError("exists", { code: 409, reason: "AlreadyExists", serverMessage: "exists" });
  const request = (method: string): Promise<unknown> =>
    method === "GET" ? Promise.resolve(stored) : Promise.reject(exists);
  const changes: number[] = [];
  const jobs = new Store<Job>(
    ({ agent }) => agent,
    () => changes.push(changes.length),
  );
  const attemptJobs = new AttemptJobs({ transport: { request }, caches: { jobs } });
  return { create: () => attemptJobs.create(run, body), jobs, changes };
}

describe("a Job that exists already", () => {
  it("is cached, and the run is reconciled, after a user removed the label that the watch selects", async () => {
    const { create, jobs, changes } = setUp("12");
    // The watch sends DELETED at the version of the user's patch, and nothing about this Job afterwards.
    jobs.remove("uid-job", "12");
    await create();
    expect(jobs.get("uid-job")).toMatchObject({ name: "fix-login-0f6b2c1d-1", resourceVersion: "12" });
    expect(changes).toHaveLength(1);
  });

  it("that was deleted after the answer is tried again", async () => {
    const { create, jobs } = setUp("12");
    jobs.remove("uid-job", "13");
    await expect(create()).rejects.toThrow(ConflictError);
    expect(jobs.size).toBe(0);
  });
});
