/**
 * Reads the events in a line. Usually that is one. Older CLIs sometimes wrote an event into the middle of another line;
 * then both are found again: the inner one at once, the torn one as soon as its rest has come.
 */
import { parseObject, stringAt, type JsonObject } from "./event.ts";

/** Only these are looked for inside a broken line: a content block inside it has a `type` too. */
const eventTypes = new Set(["system", "assistant", "user", "result", "rate_limit_event", "stream_event"]);
/** A bound on the work that one broken line can cause. */
const maxCandidates = 500;

/** Keeps the torn beginning of a line until the next line brings the rest. */
export class EventReader {
  #torn: string | undefined;

  /** The events that the line completes; none if it is not JSON. */
  read(line: string): JsonObject[] {
    if (!line.includes("{") && this.#torn === undefined) return [];
    const event = eventOf(line);
    if (event !== undefined) return [event];
    const torn = this.#torn;
    this.#torn = undefined;
    const mended = torn === undefined ? undefined : eventOf(torn + line);
    if (mended !== undefined) return [mended];
    return this.#readBroken(line);
  }

  #readBroken(line: string): JsonObject[] {
    const inner = findInner(line);
    if (inner === undefined) return [];
    const outer = line.slice(0, inner.start) + line.slice(inner.end);
    const event = eventOf(outer);
    if (event === undefined) this.#torn = outer;
    return event === undefined ? [inner.event] : [inner.event, event];
  }
}

function eventOf(text: string): JsonObject | undefined {
  if (!text.trimStart().startsWith("{")) return undefined;
  const object = parseObject(text);
  return stringAt(object, "type") === undefined ? undefined : object;
}

function findInner(line: string): { event: JsonObject; start: number; end: number } | undefined {
  let start = line.indexOf('{"', 1);
  for (let tried = 0; start > 0 && tried < maxCandidates; tried++) {
    const end = endOfObject(line, start);
    const event = end === undefined ? undefined : parseObject(line.slice(start, end));
    if (end !== undefined && event !== undefined && isStreamEvent(event)) return { event, start, end };
    start = line.indexOf('{"', start + 1);
  }
  return undefined;
}

function isStreamEvent(object: JsonObject): boolean {
  return eventTypes.has(stringAt(object, "type") ?? "") && stringAt(object, "session_id") !== undefined;
}

/** Index after the brace that closes the one at `start`, or undefined. */
function endOfObject(text: string, start: number): number | undefined {
  let depth = 0;
  let inString = false;
  for (let at = start; at < text.length; at++) {
    const char = text[at];
    if (inString) {
      if (char === "\\") at++;
      else if (char === '"') inString = false;
    } else if (char === '"') inString = true;
    else if (char === "{") depth++;
    else if (char === "}" && --depth === 0) return at + 1;
  }
  return undefined;
}
