import { describe, expect, test } from "vitest";
import { managedMetadata } from "../testing/managed-metadata.ts";
import { parseJob, parseRun } from "./parse.ts";

describe("a Job", () => {
  const metadata = {
    name: "fix-login-0f6b2c1d-2",
    namespace: "team",
    uid: "job-uid",
    resourceVersion: "5",
    ...managedMetadata,
  };

  test.each([
    [undefined, false],
    [[{ type: "Suspended", status: "True" }], false],
    [[{ type: "Complete", status: "False" }], false],
    [[{ type: "SuccessCriteriaMet", status: "True" }], true],
    [[{ type: "FailureTarget", status: "True" }], true],
    [[{ type: "Complete", status: "True" }], true],
    [[{ type: "Failed", status: "True" }], true],
  ])("with conditions %j is finished: %s", (conditions, isFinished) => {
    expect(parseJob({ metadata, status: { conditions } })).toMatchObject({ uid: "job-uid", attempt: 2, isFinished });
  });

  const owner = {
    apiVersion: "paperclip.io/v1alpha1",
    kind: "ClaudeRun",
    name: "fix-login",
    uid: "0f6b2c1d-6e1f-4c6e-9f57-0a1b2c3d4e5f",
    controller: true,
  };

  test("belongs to the run that owns it, whatever its annotations", () => {
    const annotations = { "paperclip.io/run-uid": "another", "paperclip.io/attempt": "7" };
    const job = parseJob({ metadata: { ...metadata, annotations, ownerReferences: [owner] } });
    expect(job).toMatchObject({ runName: "fix-login", runUid: owner.uid, attempt: 2 });
  });

  test.each([
    ["with another name", { name: "by-hand", ownerReferences: [owner] }],
    ["with the name of another attempt's pod", { name: "fix-login-0f6b2c1d-2-x7k2p", ownerReferences: [owner] }],
    ["that another controller owns", { ownerReferences: [{ ...owner, kind: "CronJob", apiVersion: "batch/v1" }] }],
    ["of another run with the same labels", { ownerReferences: [{ ...owner, uid: "another" }] }],
  ])("%s is a look-alike", (_, facts) => {
    expect(parseJob({ metadata: { ...metadata, ...facts } })).toBeUndefined();
  });

  test.each([
    [{}, undefined],
    [{ suspend: false, parallelism: 2 }, undefined],
    [{ suspend: true }, { by: "suspend" }],
    [{ parallelism: 0 }, { by: "parallelism" }],
  ])("with the spec %j is suspended: %j", (spec, suspended) => {
    expect(parseJob({ metadata, spec })?.suspended).toEqual(suspended);
  });

  test("has the start of its suspension from the Job controller", () => {
    const condition = { type: "Suspended", status: "True", lastTransitionTime: "2026-03-01T10:00:00Z" };
    const job = parseJob({ metadata, spec: { suspend: true }, status: { conditions: [condition] } });
    expect(job?.suspended?.sinceMs).toBe(Date.parse("2026-03-01T10:00:00Z"));
  });

  test.each(["Failed", "FailureTarget"])("has its failure from the condition %s", (type) => {
    const conditions = [{ type, status: "True", reason: "DeadlineExceeded" }];
    expect(parseJob({ metadata, status: { conditions } })?.failed).toBe("DeadlineExceeded");
    expect(
      parseJob({ metadata, status: { conditions: [{ ...conditions[0], status: "False" }] } })?.failed,
    ).toBeUndefined();
  });

  test("without a status is not finished", () => {
    expect(parseJob({ metadata })?.isFinished).toBe(false);
  });
});

describe("a ClaudeRun", () => {
  const metadata = {
    name: "fix-login",
    namespace: "team",
    uid: "0f6b2c1d",
    resourceVersion: "9",
    generation: 3,
    creationTimestamp: "2026-03-01T10:00:00Z",
  };
  const spec = {
    agent: "reviewer",
    prompt: "a long secret prompt",
    priority: 5,
    concurrencyPolicy: "Queue",
    cancel: false,
    startDeadlineSeconds: 600,
    pod: { env: [{ name: "TOKEN", value: "t" }] },
  };

  test("has the configured deadlines for those that its spec leaves out", () => {
    const defaults = { queueDeadlineSeconds: 60, activeDeadlineSeconds: 600 };
    const run = parseRun({ metadata, spec: { ...spec, activeDeadlineSeconds: 5 } }, defaults);
    expect(run?.spec).toMatchObject({ queueDeadlineSeconds: 60, activeDeadlineSeconds: 5 });
  });

  test("keeps only the fields that decisions need: neither prompt nor pod", () => {
    const run = parseRun({ metadata, spec });
    expect(run).toEqual({
      kind: "run",
      namespace: "team",
      name: "fix-login",
      uid: "0f6b2c1d",
      resourceVersion: "9",
      createdMs: Date.parse("2026-03-01T10:00:00Z"),
      isDeleting: false,
      generation: 3,
      spec: {
        agent: "reviewer",
        priority: 5,
        concurrencyPolicy: "Queue",
        cancel: false,
        startDeadlineSeconds: 600,
        sidecarGraceSeconds: 30,
      },
      status: {},
    });
  });

  test("that is active keeps its whole status", () => {
    const status = { phase: "Running", attempt: 1, conditions: [{ type: "Admitted", status: "True" }] };
    expect(parseRun({ metadata, spec, status })?.status).toEqual(status);
  });

  describe.each(["Succeeded", "Failed", "Cancelled"])("that is %s", (phase) => {
    const ended = { phase, attempt: 1, completionTime: "2026-03-01T10:07:00Z", pod: { uid: "p" }, job: { uid: "j" } };
    const more = { result: { text: "x".repeat(2_500) }, conditions: [{ type: "Finished", status: "True" }] };

    test("keeps few fields once it has its newest generation", () => {
      const kept = { ...ended, observedGeneration: 3 };
      expect(parseRun({ metadata, spec, status: { ...kept, ...more } })?.status).toEqual(kept);
    });

    test("keeps its whole status until then, because it is written once more", () => {
      const status = { ...ended, ...more, observedGeneration: 2 };
      expect(parseRun({ metadata, spec, status })?.status).toEqual(status);
    });
  });

  test("that is finished keeps the index of LogsAvailable while that is True", () => {
    const status = { phase: "Failed", observedGeneration: 3, completionTime: "2026-03-01T10:07:00Z" };
    const conditions = (is: string) => [
      { type: "Finished", status: "True" },
      { type: "LogsAvailable", status: is },
    ];
    expect(parseRun({ metadata, spec, status: { ...status, conditions: conditions("True") } })?.logsAt).toBe(1);
    expect(
      parseRun({ metadata, spec, status: { ...status, conditions: conditions("False") } })?.logsAt,
    ).toBeUndefined();
  });

  test("with a finished phase but without the condition was finished by a user", () => {
    const status = { phase: "Succeeded", observedGeneration: 3, conditions: [{ type: "Finished", status: "False" }] };
    const run = parseRun({ metadata, spec, status });
    expect(run).toMatchObject({ isFinishedByHand: true, status });
  });

  test("without agent or spec, which the schema does not allow, is ignored", () => {
    expect(parseRun({ metadata })).toBeUndefined();
    expect(parseRun({ metadata, spec: {} })).toBeUndefined();
    expect(parseRun({ metadata, spec: { agent: 7 } })).toBeUndefined();
  });
});
