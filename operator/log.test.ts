import { describe, expect, test } from "vitest";
import { ClusterError, ConflictError } from "./errors.ts";
import { recordingLog } from "./testing/recording-log.ts";

function logged(error: unknown): { message?: string; stack?: string } {
  const { log, written } = recordingLog();
  log.error({ err: error }, "it failed");
  return written[0]?.["err"] as { message?: string; stack?: string };
}

describe("a line", () => {
  test("is JSON with a level, an ISO time, its fields and its message; no process, no host", () => {
    const { log, written } = recordingLog("info");
    log.info({ agent: "team/reviewer" }, "caches synced");
    log.debug({}, "not at this level");
    expect(written).toEqual([
      {
        level: 30,
        time: expect.stringMatching(/^\d{4}-.*Z$/) as string,
        agent: "team/reviewer",
        msg: "caches synced",
      },
    ]);
  });
});

describe("an error", () => {
  test("of a known class is logged as its messages, outermost first, without a stack", () => {
    const cause = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
    const error = new ClusterError("the watch broke off", { cause: new ClusterError("no answer", { cause }) });
    expect(logged(error)).toEqual({
      message: "ClusterError: the watch broke off ← ClusterError: no answer ← Error: connect ECONNREFUSED",
    });
    expect(logged(new ConflictError("changed"))).toEqual({ message: "ConflictError: changed" });
  });

  test.each([new TypeError("x is undefined"), new Error("unexpected"), new RangeError("r")])(
    "that is unexpected is logged with its stack: %s",
    (error) => {
      expect(logged(error).stack).toContain("log.test.ts");
    },
  );

  test("that is its own cause is logged with at most six messages", () => {
    const error = new ClusterError("round");
    error.cause = error;
    expect(logged(error).message?.split("←")).toHaveLength(6);
  });

  test("that is a string is logged unchanged", () => {
    expect(logged("a string")).toBe("a string");
  });
});
