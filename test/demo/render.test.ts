import { expect, test } from "vitest";
import { render } from "./render.ts";
import { wrap } from "./screen.ts";

/** What the lines of one event say, without their kinds. */
function texts(event: object): string[] {
  return render(JSON.stringify(event)).map((line) => line.text);
}

test("a session begins with its id and model on one short line", () => {
  const init = { type: "system", subtype: "init", session_id: "7d6e", model: "claude-haiku", tools: ["Bash"] };
  expect(render(JSON.stringify(init))).toEqual([{ kind: "note", text: "session 7d6e, model claude-haiku" }]);
});

test("an assistant's turn is its text, then its tool calls", () => {
  const content = [
    { type: "thinking", thinking: "hm" },
    { type: "text", text: "First.\n\nThen." },
    { type: "tool_use", name: "Bash", input: { command: "echo a\necho b", description: "says a and b" } },
    { type: "tool_use", name: "Read", input: { file_path: "/workspace/a.js" } },
    { type: "tool_use", name: "Other", input: { deep: [1] } },
  ];
  expect(texts({ type: "assistant", message: { content } })).toEqual([
    "First.",
    "Then.",
    "→ Bash: echo a",
    "  echo b",
    "→ Read: /workspace/a.js",
    '→ Other: {"deep":[1]}',
  ]);
});

test("a tool's result is indented, whether it comes as text or as blocks", () => {
  const asText = { type: "tool_result", content: "hi\nho" };
  const asBlocks = { type: "tool_result", content: [{ type: "text", text: "hi" }], is_error: true };
  expect(render(JSON.stringify({ type: "user", message: { content: [asText, asBlocks] } }))).toEqual([
    { kind: "output", text: "  hi" },
    { kind: "output", text: "  ho" },
    { kind: "error", text: "  hi" },
  ]);
});

test("a long tool result is cut and says by how much", () => {
  const content = Array.from({ length: 40 }, (_, i) => `line ${i}`).join("\n");
  const shown = texts({ type: "user", message: { content: [{ type: "tool_result", content }] } });
  expect(shown).toHaveLength(7);
  expect(shown.at(-1)).toBe("  … 34 more lines");
});

test("the result line tells outcome, turns, tokens and cost", () => {
  const result = {
    type: "result",
    subtype: "success",
    is_error: false,
    num_turns: 2,
    usage: { input_tokens: 200, output_tokens: 20 },
    total_cost_usd: 0.00123,
  };
  expect(render(JSON.stringify(result))).toEqual([
    { kind: "result", text: "✓ success: 2 turns, 200 in / 20 out tokens, $0.0012" },
  ]);
});

test("a result that is an error says why", () => {
  const result = { type: "result", subtype: "error_max_turns", is_error: true, num_turns: 3, errors: ["Reached 2"] };
  expect(render(JSON.stringify(result))).toEqual([
    { kind: "error", text: "✗ error_max_turns: 3 turns, 0 in / 0 out tokens" },
    { kind: "error", text: "Reached 2" },
  ]);
});

test("a retry of the API is shown, with its cause", () => {
  const retry = { type: "system", subtype: "api_retry", attempt: 1, max_retries: 10, error: "overloaded" };
  expect(texts(retry)).toEqual(["waiting for the API: retry 1 of 10 (overloaded)"]);
});

test("of the runner's own lines only stderr is shown", () => {
  expect(texts({ type: "runner", subtype: "start", seq: 1 })).toEqual([]);
  expect(texts({ type: "runner", subtype: "checkpoint", seq: 2 })).toEqual([]);
  expect(texts({ type: "runner", subtype: "stderr", seq: 3, text: "oh no" })).toEqual(["stderr: oh no"]);
});

test.each(["null", "5", '{"type":"assistant","message":{"content":5}}', '{"type":"user"}', '{"type":"result"}', "{}"])(
  "%s does not break it",
  (line) => {
    expect(() => render(line)).not.toThrow();
  },
);

test("what is no JSON is shown as it is, without what would move the cursor", () => {
  expect(render("\u001b[2J\u001b[31mred\u0007 alert")).toEqual([{ kind: "text", text: "red alert" }]);
});

test("rows break between words, and within a word that is wider than the row", () => {
  expect(wrap("one two three", 8, "  ")).toEqual(["one two", "  three"]);
  expect(wrap("abcdefghij", 4)).toEqual(["abcd", "efgh", "ij"]);
  expect(wrap("short", 8)).toEqual(["short"]);
});
