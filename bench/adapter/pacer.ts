/**
 * Replaces claude in the pods of this benchmark. The prompt sets number and interval of lines. Each line has its
 * number and its time on the monotonic clock that all processes of the machine share; the last one is a result.
 */
import { readFileSync, writeSync } from "node:fs";

const { lines, everyMs } = JSON.parse(/@pace (\{[^}]*\})/u.exec(readFileSync(0, "utf8"))?.[1] ?? "{}") as {
  lines: number;
  everyMs: number;
};
const session = "7f1fbe6e-0000-4000-8000-00000000beef";

function write(event: object): void {
  writeSync(1, `${JSON.stringify({ ...event, session_id: session, at: Number(process.hrtime.bigint() / 1000n) })}\n`);
}

function end(): void {
  const usage = { input_tokens: 1, output_tokens: lines };
  write({ type: "result", subtype: "success", is_error: false, result: "Done.", total_cost_usd: 0, usage });
}

write({ type: "system", subtype: "init", model: "pacer" });
const text = "a line of about the length that an answer of a sentence or two has, as claude gives it. ".repeat(3);
let n = 0;
const timer = setInterval(() => {
  write({ type: "assistant", n: n++, message: { id: `m${n}`, content: [{ type: "text", text }] } });
  if (n < lines) return;
  clearInterval(timer);
  end();
}, everyMs);
