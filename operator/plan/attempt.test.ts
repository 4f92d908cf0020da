import { describe, expect, it } from "vitest";
import { claudeRunSchema, type ClaudeRun, type ClaudeRunStatus } from "../../crds/claude-run.ts";
import { continuationOf, remainingSpec } from "./attempt.ts";

function aClaudeRun(spec: object, status: ClaudeRunStatus = {}): ClaudeRun {
  const metadata = {
    name: "a",
    namespace: "team",
    uid: "u",
    resourceVersion: "1",
    generation: 1,
    creationTimestamp: "2026-01-01T00:00:00Z",
  };
  const { apiVersion, kind, ...parsed } = claudeRunSchema.parse({
    apiVersion: "paperclip.io/v1alpha1",
    kind: "ClaudeRun",
    metadata,
    spec: { agent: "reviewer", prompt: "Do it", ...spec },
  });
  return { apiVersion, kind, metadata, spec: parsed.spec, status };
}

const resumed = { session: { resume: "s-0" } };

const continuations: readonly [name: string, spec: object, status: ClaudeRunStatus, attempt: number, want: unknown][] =
  [
    ["the first attempt starts a session", {}, { session: { id: "s-1" } }, 1, undefined],
    ["a later attempt continues the session", {}, { session: { id: "s-1" }, result: { turns: 3 } }, 2, "s-1"],
    ["also a session without an answer: it has the prompt", {}, { session: { id: "s-1" } }, 2, "s-1"],
    [
      "but not an older session, which may lack the prompt",
      resumed,
      { session: { id: "s-0" }, result: { turns: 0 } },
      2,
      undefined,
    ],
    [
      "an older session with an answer has the prompt",
      resumed,
      { session: { id: "s-0" }, result: { turns: 1 } },
      2,
      "s-0",
    ],
    ["without a session it starts a new one", {}, {}, 2, undefined],
  ];

describe("the session of an attempt", () => {
  it.each(continuations)("%s", (_, spec, status, attempt, want) => {
    expect(continuationOf(aClaudeRun(spec, status), attempt)).toBe(want);
  });
});

const limits = { claude: { maxTurns: 10 }, budget: { maxCostUSD: "2.5" }, activeDeadlineSeconds: 600 };

const remainders: readonly [name: string, result: object | undefined, attempt: number, want: object][] = [
  ["the first attempt has the full limits", undefined, 1, limits],
  [
    "a later attempt has the rest",
    { turns: 4, costUSD: "0.75", durationMs: 61_900 },
    2,
    { claude: { maxTurns: 6 }, budget: { maxCostUSD: "1.75" }, activeDeadlineSeconds: 539 },
  ],
  ["unknown figures are not subtracted", { incomplete: true }, 2, limits],
  [
    "the rest is never 0, so that the limit itself ends the run",
    { turns: 10, costUSD: "2.6", durationMs: 700_000 },
    2,
    { claude: { maxTurns: 1 }, budget: { maxCostUSD: "0.000001" }, activeDeadlineSeconds: 1 },
  ],
  ["a forged cost changes nothing", { costUSD: "many" }, 2, { budget: limits.budget }],
];

describe("the limits of an attempt", () => {
  it.each(remainders)("%s", (_, result, attempt, want) => {
    const status = result === undefined ? {} : { result };
    expect(remainingSpec(aClaudeRun(limits, status), attempt)).toMatchObject(want);
  });

  it("adds no limits", () => {
    const spec = remainingSpec(aClaudeRun({ claude: { maxTurns: 0 } }, { result: { turns: 3, costUSD: "1" } }), 2);
    expect(spec.claude?.maxTurns).toBe(0);
    expect(spec).not.toHaveProperty("budget");
  });
});
