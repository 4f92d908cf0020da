// Fake Anthropic Messages API for end-to-end tests of the Claude Code CLI. No dependencies, Node >= 18.
//   node fake-api.mjs [--port 0] [--host 127.0.0.1] [--max-requests 200]      prints {"port":N} on stdout, requests as JSON lines on stderr
// The script of replies travels in the prompt, so the server keeps no per-test set-up and tests may run in parallel:
//   claude -p 'Do it @fake [{"tool":"Bash","input":{"command":"echo hi"}},{"text":"done"}]'
// Step i answers the i-th model turn after the prompt that carries the directive (counted from the messages sent,
// so it also works after --resume). Without a directive the reply is the text "ok".
// Step fields: text | tool+input | blocks[] | status (+type,message) | hang | drop | stall | sseError
//   drop, stall: where the reply breaks off or falls silent: "headers" (before them), "head" (after them), "message_start" (inside it),
//     "delta" (inside a delta), "utf8" (inside a character), "input" (inside a tool's input), "stream" (after the first
//     block's deltas), "message_stop" (just before it) or a number of bytes
//   sseError: an error event of this type after message_start
//   modifiers: usage{}, outputTokens, stop_reason, headers{}, chunk (code points per delta), chunkDelayMs, delayMs, repeat (text),
//              times (for status/drop/stall/sseError: fail that many times, then go on with the next step)
// A session gets at most --max-requests replies, so that a prompt whose last step calls a tool cannot go on for ever.
// With --prompts a request's line on stderr also has bytes and sha256 of each text block of the last user message.
import { createHash } from "node:crypto";
import http from "node:http";
const arg = (n, d) => {
  const i = process.argv.indexOf("--" + n);
  return i < 0 ? d : process.argv[i + 1];
};
const sleep = (ms) => new Promise((r) => setTimeout(r, ms));
const attempts = new Map(); // session id + turn -> failed attempts so far
const served = new Map(); // session id -> requests so far
const maxRequests = +arg("max-requests", 200);
let seq = 0;

function overLimit(session) {
  const n = (served.get(session) ?? 0) + 1;
  served.delete(session); // to the end of the map: the oldest sessions are forgotten first
  served.set(session, n);
  for (const map of [served, attempts]) while (map.size > 10_000) map.delete(map.keys().next().value);
  return n > maxRequests;
}

// The last directive of a text, whatever comes after it: hosts put more around it, and quote it.
function stepsIn(text) {
  for (let at = text.lastIndexOf("@fake ["); at >= 0; at = at === 0 ? -1 : text.lastIndexOf("@fake [", at - 1)) {
    for (let end = text.indexOf("]", at); end >= 0; end = text.indexOf("]", end + 1)) {
      try {
        return JSON.parse(text.slice(at + 6, end + 1));
      } catch {
        // a bracket inside
      }
    }
  }
}

function directive(messages) {
  // the last user text that holds @fake [...], and the turn number after it; one that is cut short may stand in a host's quotation
  let isBroken = false;
  for (let i = messages.length - 1; i >= 0; i--) {
    const m = messages[i];
    if (m.role !== "user") continue; // the CLI also sends role "system" messages: skip them
    const blocks = typeof m.content === "string" ? [{ type: "text", text: m.content }] : m.content;
    for (const b of blocks.slice().reverse()) {
      const steps = b.type === "text" ? stepsIn(b.text) : undefined;
      if (steps === undefined) {
        isBroken ||= b.type === "text" && b.text.includes("@fake [");
        continue;
      }
      return {
        steps,
        turn: messages.slice(i + 1).filter((x) => x.role === "assistant").length,
      };
    }
  }
  if (isBroken) throw new Error("no JSON list stands behind it");
  return { steps: [{ text: "ok" }], turn: 0 };
}

function sendError(res, id, status, type, message, headers = {}) {
  res.writeHead(status, { "content-type": "application/json", "request-id": id, ...headers });
  res.end(JSON.stringify({ type: "error", error: { type, message }, request_id: id }));
}

async function messages(req, res, body, id) {
  const { steps, turn } = directive(body.messages);
  let step = steps[Math.min(turn, steps.length - 1)];
  const key = req.headers["x-claude-code-session-id"] + "/" + turn;
  if (step.times) {
    // fail `times` times, then use the next step for this turn
    const n = attempts.get(key) ?? 0;
    if (n < step.times) attempts.set(key, n + 1);
    else step = steps[turn + 1] ?? { text: "ok" };
  }
  if (step.delayMs) await sleep(step.delayMs);
  if (step.hang || step.stall === "headers") return;
  if (step.drop === "headers") return req.socket.destroy();
  if (step.status)
    return sendError(res, id, step.status, step.type ?? "api_error", step.message ?? "fake error", step.headers);
  const content =
    step.blocks ??
    (step.tool
      ? [{ type: "tool_use", id: "toolu_" + id.slice(4), name: step.tool, input: step.input ?? {} }]
      : [{ type: "text", text: (step.text ?? "ok").repeat(step.repeat ?? 1) }]);
  const stop_reason = step.stop_reason ?? (content.some((b) => b.type === "tool_use") ? "tool_use" : "end_turn");
  const usage = {
    input_tokens: 100,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0,
    output_tokens: 1,
    ...step.usage,
  };
  const output_tokens = step.outputTokens ?? 10;
  const msg = {
    id: "msg_" + id.slice(4),
    type: "message",
    role: "assistant",
    model: body.model,
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage,
  };
  const breaks = step.drop ?? step.stall;
  const headers = { "request-id": id, ...step.headers };
  if (!body.stream) {
    // the CLI falls back to this after a 404 or a broken stream
    if (step.drop) return req.socket.destroy();
    if (step.stall) return;
    if (step.sseError) return sendError(res, id, 500, step.sseError, "fake error");
    res.writeHead(200, { "content-type": "application/json", ...headers });
    return res.end(JSON.stringify({ ...msg, content, stop_reason, usage: { ...usage, output_tokens } }));
  }
  res.writeHead(200, { "content-type": "text/event-stream", ...headers });
  res.flushHeaders();
  const events = sse(msg, content, stop_reason, output_tokens, step.chunk ?? 4096);
  if (step.sseError) {
    res.write(events[0].bytes);
    const error = { type: step.sseError, message: "fake error" };
    return res.end(`event: error\ndata: ${JSON.stringify({ type: "error", error })}\n\n`);
  }
  if (breaks !== undefined) {
    res.write(Buffer.concat(events.map((event) => event.bytes)).subarray(0, breakAt(breaks, events)));
    if (step.stall) return;
    await sleep(20); // else the client may not see what came before
    return req.socket.destroy();
  }
  for (const event of events) {
    res.write(event.bytes);
    if (step.chunkDelayMs && event.type === "content_block_delta") await sleep(step.chunkDelayMs);
  }
  res.end();
}

/** The whole reply as server-sent events; the "event:" line is needed. */
function sse(msg, content, stop_reason, output_tokens, size) {
  const events = [];
  const send = (type, o) =>
    events.push({ type, bytes: Buffer.from(`event: ${type}\ndata: ${JSON.stringify({ type, ...o })}\n\n`) });
  const delta = (index, delta) => send("content_block_delta", { index, delta });
  send("message_start", { message: msg });
  for (const [index, b] of content.entries()) {
    send("content_block_start", {
      index,
      content_block: b.type === "text" ? { type: "text", text: "" } : { ...b, input: {} },
    });
    if (b.type === "text") {
      const cps = Array.from(b.text);
      for (let k = 0; k < cps.length; k += size)
        delta(index, { type: "text_delta", text: cps.slice(k, k + size).join("") });
    } else delta(index, { type: "input_json_delta", partial_json: JSON.stringify(b.input) });
    send("content_block_stop", { index });
  }
  send("message_delta", { delta: { stop_reason, stop_sequence: null }, usage: { output_tokens } });
  send("message_stop", {});
  return events;
}

/** How many bytes of the events are sent before the reply breaks. */
function breakAt(place, events) {
  if (typeof place === "number") return place;
  const startOf = (type) => {
    const index = events.findIndex((event) => event.type === type);
    return events.slice(0, index).reduce((sum, event) => sum + event.bytes.length, 0);
  };
  const delta = events.find((event) => event.type === "content_block_delta").bytes;
  switch (place) {
    case "head":
      return 0;
    case "message_start":
      return Math.floor(events[0].bytes.length / 2);
    case "delta":
      return startOf("content_block_delta") + Math.floor(delta.length / 2);
    case "utf8":
      return startOf("content_block_delta") + delta.findIndex((byte) => byte >= 0xc0) + 1;
    case "input":
      return startOf("content_block_delta") + delta.indexOf("partial_json") + 20;
    case "stream":
      return startOf("content_block_stop");
    case "message_stop":
      return startOf("message_stop");
    default:
      throw new Error(`no such place to break: ${place}`);
  }
}

/** Bytes and sha256 of what the last user message says, block by block. */
function promptsOf(messages = []) {
  const content = messages.findLast((m) => m.role === "user")?.content ?? [];
  const texts = typeof content === "string" ? [content] : content.flatMap((b) => (b.type === "text" ? [b.text] : []));
  return texts.map((text) => ({
    bytes: Buffer.byteLength(text),
    sha256: createHash("sha256").update(text).digest("hex"),
  }));
}

const server = http.createServer(async (req, res) => {
  if (req.url === "/healthz") {
    res.writeHead(200);
    return res.end("ok");
  }
  const chunks = [];
  for await (const c of req) chunks.push(c);
  const id = "req_" + String(++seq).padStart(8, "0");
  const path = req.url.split("?")[0]; // the CLI adds ?beta=true
  let body = {};
  try {
    body = JSON.parse(Buffer.concat(chunks).toString("utf8") || "{}");
  } catch {
    return sendError(res, id, 400, "invalid_request_error", "bad JSON");
  }
  console.error(
    JSON.stringify({
      id,
      method: req.method,
      path,
      model: body.model,
      stream: body.stream,
      messages: body.messages?.length,
      session: req.headers["x-claude-code-session-id"],
      ...(process.argv.includes("--prompts") && { prompts: promptsOf(body.messages) }),
    }),
  );
  if (req.method === "HEAD") {
    res.writeHead(200);
    return res.end();
  } // 2.1.197 probes HEAD /
  if (req.method !== "POST" || !path.endsWith("/v1/messages")) {
    if (path.endsWith("/v1/messages/count_tokens")) {
      res.writeHead(200, { "content-type": "application/json" });
      return res.end('{"input_tokens":100}');
    }
    return sendError(res, id, 404, "not_found_error", "no such endpoint");
  }
  if (!(req.headers["x-api-key"] || req.headers.authorization))
    return sendError(res, id, 401, "authentication_error", "x-api-key header is required", {
      "x-should-retry": "false",
    });
  if (/bad-key/.test(req.headers["x-api-key"] ?? ""))
    return sendError(res, id, 401, "authentication_error", "invalid x-api-key", { "x-should-retry": "false" });
  const session = req.headers["x-claude-code-session-id"] ?? req.socket.remoteAddress;
  if (overLimit(session))
    return sendError(
      res,
      id,
      400,
      "invalid_request_error",
      `the fake API answers ${maxRequests} requests of one session, no more`,
    );
  try {
    await messages(req, res, body, id);
  } catch (e) {
    // a directive that is no JSON: said to the CLI, not a crash
    if (res.headersSent) req.socket.destroy();
    else sendError(res, id, 400, "invalid_request_error", `bad @fake directive: ${e.message}`);
  }
});
server.listen(+arg("port", 0), arg("host", "127.0.0.1"), () =>
  console.log(JSON.stringify({ port: server.address().port })),
);
for (const s of ["SIGTERM", "SIGINT"]) process.on(s, () => process.exit(0));
