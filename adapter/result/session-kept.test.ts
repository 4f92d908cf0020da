/** A session that can only fail again is not kept (paperclip #7733, #9042, #5972, #3276). */
import { describe, expect, it } from "vitest";
import { mapResult } from "./map-result.ts";
import type { Outcome } from "./outcome.ts";
import { Transcript } from "../../client/transcript.ts";

function map(outcome: Partial<Outcome>): ReturnType<typeof mapResult> {
  return mapResult({
    outcome: { kind: "Failed", reason: "NoResult", message: "", result: { exitCode: 1 }, sessionId: "s", ...outcome },
    transcript: new Transcript(),
    timeoutSec: 30,
    plan: {
      workspace: { claim: "work", subPath: "a", mountPath: "/workspace" },
      resumed: "s",
      environment: { plain: {}, secret: {}, notes: [] },
    } as never,
  });
}

describe("19 a session that will fail again", () => {
  it("a: one that no longer fits the context is cleared, and is no transient error", () => {
    const mapped = map({ reason: "PromptTooLarge", message: "Prompt is too long" });
    expect(mapped.errorFamily).not.toBe("transient_upstream");
    expect(mapped).toMatchObject({ clearSession: true });
  });
  it.each([
    "API Error: 400 messages.5.content.0: `thinking` or `redacted_thinking` blocks in the latest assistant message cannot be modified.",
    "API Error: 400 due to tool use concurrency issues.",
    "API Error: 400 Could not process image",
  ])("b: a session that the API rejects is cleared, and is no transient error: %s", (words) => {
    const mapped = map({ reason: "ApiError", message: `The API failed. claude says: ${words}` });
    expect(mapped.errorFamily).not.toBe("transient_upstream");
    expect(mapped).toMatchObject({ clearSession: true });
  });
});
