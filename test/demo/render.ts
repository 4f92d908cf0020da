/** From a line of a run's log to what a person wants to read of it. Pure. */

/** What a line of the screen is, so that it can be coloured. */
export type Kind = "note" | "text" | "tool" | "output" | "error" | "result";

export interface Shown {
  readonly kind: Kind;
  readonly text: string;
}

/** Lines of a tool's output that are shown; the whole of it is in the log. */
const outputLines = 6;

/** The fields of claude's stream and of the runner's own lines that are shown; any of them may be missing. */
interface Event {
  readonly type?: unknown;
  readonly subtype?: unknown;
  readonly session_id?: unknown;
  readonly model?: unknown;
  readonly text?: unknown;
  readonly message?: { readonly content?: unknown } | null;
  readonly attempt?: unknown;
  readonly max_retries?: unknown;
  readonly error?: unknown;
  readonly num_turns?: unknown;
  readonly usage?: { readonly input_tokens?: unknown; readonly output_tokens?: unknown } | null;
  readonly total_cost_usd?: unknown;
  readonly is_error?: unknown;
  readonly errors?: unknown;
}

interface Block {
  readonly type?: unknown;
  readonly text?: unknown;
  readonly name?: unknown;
  readonly input?: unknown;
  readonly content?: unknown;
  readonly is_error?: unknown;
}

/** Nothing for lines that are meant for programs; a line that is no JSON object is shown as it is. */
export function render(line: string): Shown[] {
  const event = parse(line);
  if (event === undefined) return lines("text", line);
  switch (event.type) {
    case "runner":
      return event.subtype === "stderr" ? lines("error", `stderr: ${word(event.text)}`) : [];
    case "system":
      return system(event);
    case "assistant":
      return blocks(event).flatMap(spoken);
    case "user":
      return blocks(event).flatMap(answered);
    case "result":
      return result(event);
    default:
      return [];
  }
}

function system(event: Event): Shown[] {
  if (event.subtype === "init") return lines("note", `session ${word(event.session_id)}, model ${word(event.model)}`);
  if (event.subtype !== "api_retry") return [];
  const { attempt, max_retries, error } = event;
  return lines("error", `waiting for the API: retry ${word(attempt)} of ${word(max_retries)} (${word(error)})`);
}

/** A block of what claude says: text, or the call of a tool. */
function spoken(block: Block): Shown[] {
  if (block.type === "text") return lines("text", word(block.text));
  if (block.type !== "tool_use") return [];
  const [first, ...more] = lines("tool", `→ ${word(block.name)}: ${call(block.input)}`);
  return first === undefined ? [] : [first, ...more.map((line) => indented(line))];
}

/** What matters of a tool's input: the command, the file, the pattern; else all of it. */
function call(input: unknown): string {
  if (typeof input !== "object" || input === null) return word(input);
  const fields = input as Readonly<Record<string, unknown>>;
  const telling = ["command", "file_path", "pattern", "url", "query", "description"].find(
    (name) => typeof fields[name] === "string",
  );
  return telling === undefined ? JSON.stringify(input) : word(fields[telling]);
}

/** A block of what claude is told: the result of a tool. */
function answered(block: Block): Shown[] {
  if (block.type !== "tool_result") return [];
  const kind = block.is_error === true ? "error" : "output";
  const all = lines(kind, textOf(block.content)).map((line) => indented(line));
  if (all.length <= outputLines + 1) return all;
  return [...all.slice(0, outputLines), { kind, text: `  … ${all.length - outputLines} more lines` }];
}

function textOf(content: unknown): string {
  if (!Array.isArray(content)) return word(content);
  return (content as (Block | null)[]).map((block) => word(block?.text)).join("\n");
}

function result(event: Event): Shown[] {
  const isBad = event.is_error === true;
  const used = `${word(event.usage?.input_tokens ?? 0)} in / ${word(event.usage?.output_tokens ?? 0)} out`;
  const cost = typeof event.total_cost_usd === "number" ? `, $${event.total_cost_usd.toFixed(4)}` : "";
  const head = `${isBad ? "✗" : "✓"} ${word(event.subtype)}: ${word(event.num_turns)} turns, ${used} tokens${cost}`;
  const errors = Array.isArray(event.errors) ? event.errors.map((error) => word(error)).join("\n") : "";
  return [...lines(isBad ? "error" : "result", head), ...lines("error", errors)];
}

function blocks(event: Event): Block[] {
  const content = event.message?.content;
  if (!Array.isArray(content)) return [];
  return content.filter((block: unknown): block is Block => typeof block === "object" && block !== null);
}

function parse(line: string): Event | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function lines(kind: Kind, text: string): Shown[] {
  return plain(text)
    .split("\n")
    .map((line) => ({ kind, text: line.trimEnd() }))
    .filter((line) => line.text !== "");
}

function indented(line: Shown): Shown {
  return { ...line, text: `  ${line.text}` };
}

/** Without colours and cursor movements: what an agent prints must not draw on the reader's terminal. */
function plain(text: string): string {
  return text.replace(/\u001b\[[0-9;?]*[ -/]*[@-~]/g, "").replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "");
}

function word(value: unknown): string {
  if (value === undefined || value === null) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}
