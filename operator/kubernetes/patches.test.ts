import { describe, expect, it } from "vitest";
import { aFinishedRun, aPod, aRun, stopOf } from "../testing/builders.ts";
import { ConflictError } from "../errors.ts";
import type { CachedPod } from "./parse-pod.ts";
import { logsUnavailable, removingFinalizer, restoring, stopping, ungating } from "./patches.ts";

const pod = (facts: Partial<CachedPod> = {}): CachedPod => ({
  ...aPod(aRun("a")),
  gates: ["paperclip.io/slot"],
  finalizers: ["batch.kubernetes.io/job-tracking"],
  hasAnnotations: true,
  ...facts,
});

describe("ungating", () => {
  it("is one patch that tests pod and gate, adds the finalizer and removes the gate", () => {
    expect(ungating(pod()).body).toEqual([
      { op: "test", path: "/metadata/uid", value: "pod-of-a" },
      { op: "test", path: "/spec/schedulingGates/0/name", value: "paperclip.io/slot" },
      { op: "add", path: "/metadata/finalizers/-", value: "paperclip.io/record-result" },
      { op: "remove", path: "/spec/schedulingGates/0" },
      { op: "add", path: "/metadata/annotations/paperclip.io~1ungated", value: "pod-of-a" },
      { op: "add", path: "/metadata/managedFields", value: [{}] },
    ]);
  });

  it("keeps gates of other controllers", () => {
    const { body } = ungating(pod({ gates: ["kueue.x-k8s.io/admission", "paperclip.io/slot"] }));
    expect(body).toContainEqual({ op: "remove", path: "/spec/schedulingGates/1" });
  });

  it("of an orphan without finalizers adds the whole list, to this version only", () => {
    const { body } = ungating(pod({ finalizers: [] }));
    expect(body).toContainEqual({ op: "test", path: "/metadata/resourceVersion", value: "3" });
    expect(body).toContainEqual({ op: "add", path: "/metadata/finalizers", value: ["paperclip.io/record-result"] });
  });

  it("of a pod without the operator's gate is a conflict: another replica was faster", () => {
    expect(() => ungating(pod({ gates: [] }))).toThrow(ConflictError);
  });
});

it("ungating marks a pod without annotations too", () => {
  expect(ungating(pod({ hasAnnotations: false })).body).toContainEqual({
    op: "add",
    path: "/metadata/annotations",
    value: { "paperclip.io/ungated": "pod-of-a" },
  });
});

it("restoring sets the labels and annotations of this pod only", () => {
  expect(restoring(aPod(aRun("a")), { uid: "pod-of-a" }).body).toEqual({
    metadata: {
      uid: "pod-of-a",
      labels: {
        "app.kubernetes.io/managed-by": "clauderun-operator",
        "paperclip.io/agent": "reviewer",
        "paperclip.io/run": "a",
      },
      annotations: { "paperclip.io/run-uid": "uid-a", "paperclip.io/attempt": "1" },
    },
  });
});

it("removing the finalizer keeps others, and changes this pod only", () => {
  expect(removingFinalizer(pod()).body).toEqual({
    metadata: { uid: "pod-of-a", "$deleteFromPrimitiveList/finalizers": ["paperclip.io/record-result"] },
  });
});

it("stopping annotates the pod with the reason, and sets the deadline of a running one", () => {
  const why = stopOf("Replaced", "x".repeat(5_000));
  const { body } = stopping(pod(), why, { byDeadline: true }) as {
    body: { metadata: { annotations: Record<string, string> }; spec?: object };
  };
  expect(body.spec).toEqual({ activeDeadlineSeconds: 1 });
  const note = JSON.parse(body.metadata.annotations["paperclip.io/stop"] ?? "") as { reason: string; message: string };
  expect(note.reason).toBe("Replaced");
  expect(note.message.length).toBeLessThan(5_000);
  expect(body.metadata).not.toHaveProperty("resourceVersion");
  expect(stopping(pod(), why, { byDeadline: false }).body).not.toHaveProperty("spec");
});

it("stopping a pod that does not run fails if it has changed, because it may have started", () => {
  const { body } = stopping({ ...pod(), resourceVersion: "77" }, stopOf("ImagePullFailed"), { byDeadline: false });
  expect(body).toMatchObject({ metadata: { resourceVersion: "77" } });
});

describe("logsUnavailable", () => {
  it("changes one condition, and only if it is True at the observed index", () => {
    const body = logsUnavailable({ ...aFinishedRun("a"), logsAt: 6 }, 0).body as {
      op: string;
      path: string;
      value: string;
    }[];
    expect(body.filter(({ op }) => op === "test")).toEqual([
      { op: "test", path: "/metadata/uid", value: "uid-a" },
      { op: "test", path: "/status/conditions/6/type", value: "LogsAvailable" },
      { op: "test", path: "/status/conditions/6/status", value: "True" },
    ]);
    expect(body.filter(({ op }) => op !== "test").every(({ path }) => path.startsWith("/status/conditions/6/"))).toBe(
      true,
    );
  });
});
