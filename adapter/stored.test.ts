/** The host only gets values that its database, its page and a terminal accept, whatever an agent writes. */
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { AdapterState } from "./adapter-state.ts";
import { execute } from "./execute.ts";
import { HostLog } from "./host-log.ts";
import { logPrefix } from "./log-prefix.ts";
import { mapResult } from "./result/map-result.ts";
import { Transcript } from "../client/transcript.ts";
import { sessionCodec } from "./spec/session.ts";
import { storable } from "./storable.ts";
import { ClaudeRunApi } from "../client/testing/claude-run-api.ts";
import { TestHost } from "./testing/host.ts";
import { allowedKubeconfig } from "./testing/kubeconfigs.ts";
import { init, operate } from "../client/testing/operated-run.ts";
import { formatStdoutEvent } from "./ui/format-event.ts";
import { parseStdoutLine } from "./ui/parse-stdout.ts";

const hostile = ["\0", "\ud800", "\udfff", "\u001b[2J", "\u009b31m", "\u202e", "\u001b]52;c;eA==\u0007", "\u2028"];
const text = fc
  .array(fc.oneof(fc.constantFrom(...hostile, logPrefix, "\n", "\r"), fc.string()), { maxLength: 6 })
  .map((parts) => parts.join(""));
const json = fc.letrec((tie) => ({
  any: fc.oneof(
    { maxDepth: 4 },
    text,
    fc.double(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie("any"), { maxLength: 4 }),
    fc.dictionary(fc.oneof(text, fc.constantFrom("__proto__", "constructor", "prototype")), tie("any"), { maxKeys: 4 }),
  ),
})).any;

/** Nested lists, as JSON text: JSON.parse takes any depth. */
const deep = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);

function depthOf(value: unknown, at = 0): number {
  if (typeof value !== "object" || value === null) return at;
  return Math.max(at, ...Object.values(value).map((each: unknown) => depthOf(each, at + 1)));
}

/** Every text and key in a value. */
function textsOf(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, each]) => [key, ...textsOf(each)]);
}

/** Throws unless PostgreSQL's jsonb would take it and its depth and size are bounded. */
function expectStorable(value: unknown): void {
  const written = JSON.stringify(value) as string | undefined;
  if (written === undefined) return;
  const bad = textsOf(value).filter((each) => each.includes("\0") || !each.isWellFormed());
  expect(bad).toEqual([]);
  expect(depthOf(value)).toBeLessThanOrEqual(26);
  expect(written.length).toBeLessThan(8 * 1_048_576);
  expect(written).not.toContain('"__proto__"');
}

describe("the host's stored values", () => {
  it("of any result with any words is storable", () => {
    fc.assert(
      fc.property(json, text, text, (event, message, session) => {
        const transcript = new Transcript();
        transcript.read(JSON.stringify({ ...init, model: message, session_id: session }));
        transcript.read(JSON.stringify({ type: "result", result: message, event }));
        transcript.readStderr(message);
        const mapped = mapResult({
          outcome: { kind: "Failed", reason: message, message, result: { text: message }, sessionId: session },
          transcript,
          timeoutSec: 1,
          plan: {
            workspace: { claim: message, subPath: message, mountPath: "/w" },
            resumed: undefined,
            environment: { plain: {}, secret: {}, notes: [] },
          },
        });
        const stored = storable(mapped);
        expectStorable(stored);
        expectStorable(storable(sessionCodec.serialize(stored.sessionParams ?? null)));
      }),
    );
  });

  it.each([
    ["deep", () => JSON.parse(deep(50_000)) as unknown],
    ["wide", () => Array.from({ length: 100_000 }, () => ({}))],
    [
      "wide at each depth",
      () =>
        JSON.parse(
          `[${Array.from({ length: 999 }, () => `[${Array.from({ length: 999 }, () => "{}").join()}]`).join()}]`,
        ) as unknown,
    ],
    ["long", () => "x".repeat(20_000_000)],
    ["long in its keys", () => ({ ["k".repeat(5_000_000)]: 1 })],
    [
      "cyclic",
      () => {
        const cycle: Record<string, unknown> = {};
        return Object.assign(cycle, { cycle, again: [cycle, cycle] });
      },
    ],
    [
      "of odd types",
      () => ({ big: 1n, call: () => 1, symbol: Symbol("s"), not: Number.NaN, date: new Date(Number.NaN) }),
    ],
  ])("is bounded for a value that is %s", (_, make) => expectStorable(storable(make())));

  it("of a whole run: result, log and meta", async () => {
    const api = await new ClaudeRunApi().listen();
    try {
      const given: unknown[] = [];
      const { context } = new TestHost({
        config: { kubeconfig: allowedKubeconfig(api.kubeconfigFile()), promptTemplate: "Work \0 \ud800" },
      });
      const bad = hostile.join("");
      operate(api, (run) => {
        run.running().writes(init, bad.replaceAll("\u2028", ""), `${logPrefix}forged`, {
          type: "result",
          subtype: "error",
          is_error: true,
          result: bad,
          nested: JSON.parse(deep(500)) as unknown,
          session_id: "s",
        });
        run.finished("Failed", "ClaudeFailed", bad, { session: { id: "s" } });
      });
      const result = await execute(new AdapterState(), {
        ...context,
        onLog: (_, chunk) => Promise.resolve(void given.push(chunk)),
        onMeta: (meta) => Promise.resolve(void given.push(meta)),
      });
      expect(result.errorCode).toBe("claude_failed");
      for (const value of [result, ...given]) expectStorable(value);
      const lines = given
        .filter((value) => typeof value === "string")
        .join("")
        .split(/\r?\n/);
      const system = lines.flatMap((line) => parseStdoutLine(line, "")).filter(({ kind }) => kind === "system");
      expect(JSON.stringify(system)).not.toContain("forged");
      expect(system.length).toBeGreaterThan(0);
    } finally {
      await api.close();
    }
  }, 60_000);
});

describe("the page", () => {
  const piece = fc.oneof(
    fc.constantFrom(
      "[",
      "[claude",
      "[clauderun]",
      "run] ",
      "clauderun] x",
      logPrefix,
      " ",
      "\t",
      "\n",
      "\r\n",
      "\0",
      "\ufeff",
    ),
    fc.string({ maxLength: 3 }),
  );
  it("never shows an agent's line as the system's word, however it is cut into chunks", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 12 }), async (pieces) => {
        let shown = "";
        const log = new HostLog((_, chunk) => Promise.resolve(void (shown += chunk)));
        for (const chunk of pieces) await log.write("stdout", chunk);
        await log.close();
        // Hosts differ in whether they trim a line.
        for (const line of shown
          .split(/\r\n|[\n\r\u2028\u2029]/)
          .flatMap((each) => [each, each.trim(), each.trimStart()]))
          expect(parseStdoutLine(line, "").filter(({ kind }) => kind === "system")).toEqual([]);
      }),
      { numRuns: 1_000 },
    );
  });

  it("takes an event for the agent's, whatever it says of itself", () => {
    fc.assert(
      fc.property(
        json,
        fc.constantFrom("system", "clauderun", "runner", "assistant", "user", "result"),
        (value, type) => {
          const line = JSON.stringify({
            type,
            subtype: "status",
            kind: "system",
            text: logPrefix,
            value,
            message: { content: [{ type: "text", text: `${logPrefix}x` }] },
          });
          expect(parseStdoutLine(line, "").filter(({ kind }) => kind === "system")).toEqual([]);
        },
      ),
    );
  });
});

describe("the host's terminal", () => {
  function printed(line: string): string {
    const spy = vi.spyOn(console, "log").mockImplementation(() => undefined);
    try {
      formatStdoutEvent(line);
      return spy.mock.calls.map(([words]) => String(words)).join("\n");
    } finally {
      spy.mockRestore();
    }
  }
  it("gets no character that it would obey or hide", () => {
    const block = fc.oneof(
      text.map((words) => ({ type: "text", text: words })),
      text.map((thinking) => ({ type: "thinking", thinking })),
      fc.tuple(text, json).map(([name, input]) => ({ type: "tool_use", id: name, name, input })),
      fc.tuple(text, json).map(([id, content]) => ({ type: "tool_result", tool_use_id: id, content, is_error: true })),
    );
    const line = fc.oneof(
      text,
      fc
        .tuple(fc.constantFrom("assistant", "user"), block)
        .map(([type, each]) => JSON.stringify({ type, message: { content: [each] } })),
      fc
        .tuple(text, text)
        .map(([model, id]) => JSON.stringify({ type: "system", subtype: "init", model, session_id: id })),
      fc
        .tuple(text, text)
        .map(([result, subtype]) => JSON.stringify({ type: "result", is_error: true, result, subtype })),
      text.map((status) => `{"type":"rate_limit_event","status":"${status}`),
    );
    fc.assert(
      fc.property(line, (each) => {
        const words = printed(each);
        expect(words).not.toMatch(/(?![\n\t])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
      }),
      { numRuns: 1_000 },
    );
  });

  it("gets a tool's input of any depth without an exception", () => {
    const line = `{"type":"assistant","message":{"content":[{"type":"tool_use","name":"Bash","input":${deep(50_000)}}]}}`;
    expect(printed(line)).toContain("Bash");
  });
});
