import { describe, expect, it } from "vitest";
import { aFinishedRun, aPod, aRun, stopOf } from "../testing/builders.ts";
import { ConflictError } from "../errors.ts";
import type { CachedPod } from "./parse-pod.ts";
import { logsGone, releasing, stopping, ungating } from "./patches.ts";

const pod = (facts: Partial<CachedPod> = {}): CachedPod => ({
  ...aPod(aRun("a")),
  gates: ["paperclip.io/slot"],
  finalizers: ["batch.kubernetes.io/job-tracking"],
  ...facts,
});

describe("ungating", () => {
  it("is one patch: this pod, this gate, finalizer on, gate off", () => {
    expect(ungating(pod()).body).toEqual([
      { op: "test", path: "/metadata/uid", value: "pod-of-a" },
      { op: "test", path: "/spec/schedulingGates/0/name", value: "paperclip.io/slot" },
      { op: "add", path: "/metadata/finalizers/-", value: "paperclip.io/record-result" },
      { op: "remove", path: "/spec/schedulingGates/0" },
      { op: "add", path: "/metadata/managedFields", value: [{}] },
    ]);
  });

  it("leaves the gates of others alone", () => {
    const { body } = ungating(pod({ gates: ["kueue.x-k8s.io/admission", "paperclip.io/slot"] }));
    expect(body).toContainEqual({ op: "remove", path: "/spec/schedulingGates/1" });
  });

  it("of an orphan without finalizers adds the whole list, to this version only", () => {
    const { body } = ungating(pod({ finalizers: [] }));
    expect(body).toContainEqual({ op: "test", path: "/metadata/resourceVersion", value: "3" });
    expect(body).toContainEqual({ op: "add", path: "/metadata/finalizers", value: ["paperclip.io/record-result"] });
  });

  it("of a pod without our gate is a conflict: somebody was faster", () => {
    expect(() => ungating(pod({ gates: [] }))).toThrow(ConflictError);
  });
});

it("releasing takes off our finalizer only, of this pod only", () => {
  expect(releasing(pod()).body).toEqual({
    metadata: { uid: "pod-of-a", "$deleteFromPrimitiveList/finalizers": ["paperclip.io/record-result"] },
  });
});

it("stopping says why on the pod, and sets the deadline only for one that runs", () => {
  const why = stopOf("Replaced", "x".repeat(5_000));
  const { body } = stopping(pod(), why, { byDeadline: true }) as {
    body: { metadata: { annotations: Record<string, string> }; spec?: object };
  };
  expect(body.spec).toEqual({ activeDeadlineSeconds: 1 });
  const note = JSON.parse(body.metadata.annotations["paperclip.io/stop"] ?? "") as { reason: string; message: string };
  expect(note.reason).toBe("Replaced");
  expect(note.message.length).toBeLessThan(5_000);
  expect(stopping(pod(), why, { byDeadline: false }).body).not.toHaveProperty("spec");
});

describe("logsGone", () => {
  it("changes one condition, and only if it stands where it was seen and still says True", () => {
    const body = logsGone({ ...aFinishedRun("a"), logsAt: 6 }, 0).body as { op: string; path: string; value: string }[];
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
