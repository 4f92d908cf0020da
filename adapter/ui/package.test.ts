/** Case 42: what the host loads of the package, as the host loads it. Needs dist: tools/setup builds it. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { compileFunction } from "node:vm";
import { describe, expect, it } from "vitest";
import { configSchema } from "../config-schema.ts";
import { createServerAdapter } from "../index.ts";

type Parse = (line: string, ts: string) => { kind: string; [key: string]: unknown }[];

/** The page's worker evaluates the source with these names and nothing else. */
function loadAsWorker(): Parse {
  const source = readFileSync(fileURLToPath(new URL("../dist/ui-parser.cjs", import.meta.url)), "utf8");
  const module = { exports: {} as { parseStdoutLine?: Parse } };
  const evaluate = compileFunction(`"use strict";{${source}}`, ["exports", "module", "self", "globalThis"]);
  Reflect.apply(evaluate, undefined, [module.exports, module, {}, {}]);
  const { parseStdoutLine } = module.exports;
  if (parseStdoutLine === undefined) throw new Error("the parser exports no parseStdoutLine");
  return parseStdoutLine;
}

describe("case 42: the page's parser", () => {
  const parse = loadAsWorker();
  const assistant = (block: object): object => ({ type: "assistant", message: { content: [block] } });
  const user = (block: object): object => ({ type: "user", message: { content: [block] } });
  const tool = { type: "tool_result", tool_use_id: "t" };
  const lines: readonly [what: string, event: object, entry: object][] = [
    [
      "init",
      { type: "system", subtype: "init", model: "m", session_id: "s" },
      { kind: "init", model: "m", sessionId: "s" },
    ],
    ["text", assistant({ type: "text", text: "hi" }), { kind: "assistant", text: "hi" }],
    ["thinking", assistant({ type: "thinking", thinking: "hm" }), { kind: "thinking", text: "hm" }],
    [
      "tool_use by id",
      assistant({ type: "tool_use", id: "t", name: "Bash", input: {} }),
      { kind: "tool_call", toolUseId: "t" },
    ],
    ["tool_use by tool_use_id", assistant({ type: "tool_use", tool_use_id: "t", name: "Bash" }), { toolUseId: "t" }],
    ["tool_result as text", user({ ...tool, content: "out" }), { kind: "tool_result", content: "out", isError: false }],
    [
      "tool_result as a list",
      user({ ...tool, content: [{ type: "text", text: "a" }, { text: "b" }] }),
      { content: "a\nb" },
    ],
    ["tool_result as an error", user({ ...tool, content: "no", is_error: true }), { isError: true }],
    ["result", { type: "result", result: "Done.", total_cost_usd: 0.1, usage: {} }, { kind: "result", costUsd: 0.1 }],
    ["unknown", { type: "rate_limit_event" }, { kind: "stdout" }],
  ];
  it.each(lines)("shows %s", (_, event, entry) => {
    expect(parse(JSON.stringify(event), "t0")).toEqual([expect.objectContaining({ ...entry, ts: "t0" })]);
  });

  it("shows a state of the run as the system's word", () => {
    expect(parse("[clauderun] pc-1 is queued, position 2", "t0")).toEqual([
      { kind: "system", ts: "t0", text: "pc-1 is queued, position 2" },
    ]);
  });

  it("shows a line that is no JSON as it is", () => {
    expect(parse("plain words", "t0")).toEqual([{ kind: "stdout", ts: "t0", text: "plain words" }]);
  });
});

describe("case 42: the adapter", () => {
  it("has the type of the one that it replaces, and what the host asks for", () => {
    expect(createServerAdapter()).toMatchObject({
      type: "claude_k8s",
      supportsLocalAgentJwt: true,
      supportsInstructionsBundle: true,
    });
  });

  it("its form has flat fields with unique keys, and none that the host asks for itself", () => {
    const keys = configSchema.fields.map(({ key }) => key);
    expect(new Set(keys).size).toBe(keys.length);
    for (const key of ["model", "effort", "instructionsFilePath", "timeoutSec", "graceSec", "env"])
      expect(keys).not.toContain(key);
  });
});
