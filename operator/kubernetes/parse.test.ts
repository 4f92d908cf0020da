import { describe, expect, test } from "vitest";
import { ours } from "../testing/ours.ts";
import { parseJob, parseRun } from "./parse.ts";

describe("a Job", () => {
  const metadata = { name: "j", namespace: "team", uid: "job-uid", resourceVersion: "5", ...ours };

  test.each([
    [undefined, false],
    [[{ type: "Suspended", status: "True" }], false],
    [[{ type: "Complete", status: "False" }], false],
    [[{ type: "SuccessCriteriaMet", status: "True" }], true],
    [[{ type: "FailureTarget", status: "True" }], true],
    [[{ type: "Complete", status: "True" }], true],
    [[{ type: "Failed", status: "True" }], true],
  ])("with conditions %j is finished: %s", (conditions, finished) => {
    expect(parseJob({ metadata, status: { conditions } })).toMatchObject({ uid: "job-uid", attempt: 2, finished });
  });

  test("without a status is not finished", () => {
    expect(parseJob({ metadata })?.finished).toBe(false);
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

  test("has the configured deadlines where its spec has none, and its own where it does", () => {
    const defaults = { queueDeadlineSeconds: 60, activeDeadlineSeconds: 600 };
    const run = parseRun({ metadata, spec: { ...spec, activeDeadlineSeconds: 5 } }, defaults);
    expect(run?.spec).toMatchObject({ queueDeadlineSeconds: 60, activeDeadlineSeconds: 5 });
  });

  test("keeps of its spec what deciding looks at: neither prompt nor pod", () => {
    const run = parseRun({ metadata, spec });
    expect(run).toEqual({
      namespace: "team",
      name: "fix-login",
      uid: "0f6b2c1d",
      resourceVersion: "9",
      createdMs: Date.parse("2026-03-01T10:00:00Z"),
      deleting: false,
      generation: 3,
      spec: {
        agent: "reviewer",
        priority: 5,
        concurrencyPolicy: "Queue",
        cancel: false,
        startDeadlineSeconds: 600,
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

    test("is a stub once its newest generation is stamped", () => {
      const kept = { ...ended, observedGeneration: 3 };
      expect(parseRun({ metadata, spec, status: { ...kept, ...more } })?.status).toEqual(kept);
    });

    test("keeps its whole status until then: it is written once more", () => {
      const status = { ...ended, ...more, observedGeneration: 2 };
      expect(parseRun({ metadata, spec, status })?.status).toEqual(status);
    });
  });

  test("that is over remembers where it says that its log is there, to say once that it is gone", () => {
    const status = { phase: "Failed", observedGeneration: 3, completionTime: "2026-03-01T10:07:00Z" };
    const says = (is: string) => [
      { type: "Finished", status: "True" },
      { type: "LogsAvailable", status: is },
    ];
    expect(parseRun({ metadata, spec, status: { ...status, conditions: says("True") } })?.logsAt).toBe(1);
    expect(parseRun({ metadata, spec, status: { ...status, conditions: says("False") } })?.logsAt).toBeUndefined();
  });

  test("whose phase is a finished one while no condition says so was ended by hand", () => {
    const status = { phase: "Succeeded", observedGeneration: 3, conditions: [{ type: "Finished", status: "False" }] };
    const run = parseRun({ metadata, spec, status });
    expect(run).toMatchObject({ endedByHand: true, status });
  });

  test("that was written past the schema, without an agent or a spec, is none", () => {
    expect(parseRun({ metadata })).toBeUndefined();
    expect(parseRun({ metadata, spec: {} })).toBeUndefined();
    expect(parseRun({ metadata, spec: { agent: 7 } })).toBeUndefined();
  });
});
