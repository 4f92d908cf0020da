/**
 * Reads the events of a line, usually one. Older CLIs sometimes wrote an event into the middle of another line.
 * Then both are recovered: the inner one at once, the torn one when its rest arrives.
 */
import { parseObject, stringField, type JsonObject } from "./event.ts";

/** Types searched for inside a broken line; content blocks have a `type` too and must not match. */
const eventTypes = new Set(["system", "assistant", "user", "result", "rate_limit_event", "stream_event"]);
/** Bound on the work per character of a broken line. */
const scansPerCharacter = 16;
/** Upper bound including the last scan, which may exceed scansPerCharacter. */
export const maxScansPerCharacter = scansPerCharacter + 2;

const [quote, backslash, opening, closing] = [0x22, 0x5c, 0x7b, 0x7d];

/** Keeps the torn beginning of a line until the next line brings the rest. */
export class EventReader {
  #torn: string | undefined;
  #scanned = 0;

  /** Characters scanned in broken lines so far: at most `maxScansPerCharacter` per character. */
  get scannedCharacters(): number {
    return this.#scanned;
  }

  /** Returns the events that the line completes; none if it is not JSON. */
  read(line: string): JsonObject[] {
    if (!line.includes("{") && this.#torn === undefined) return [];
    const event = eventOf(line);
    if (event !== undefined) return [event];
    const torn = this.#torn;
    this.#torn = undefined;
    const rejoined = torn === undefined ? undefined : eventOf(torn + line);
    if (rejoined !== undefined) return [rejoined];
    return this.#readBroken(line);
  }

  #readBroken(line: string): JsonObject[] {
    const inner = this.#findInner(line);
    if (inner === undefined) return [];
    const outer = line.slice(0, inner.start) + line.slice(inner.end);
    const event = eventOf(outer);
    if (event === undefined) this.#torn = outer;
    return event === undefined ? [inner.event] : [inner.event, event];
  }

  #findInner(line: string): { event: JsonObject; start: number; end: number } | undefined {
    let start = line.indexOf('{"', 1);
    const most = this.#scanned + line.length * scansPerCharacter;
    while (start > 0 && this.#scanned < most) {
      const end = endOfObject(line, start);
      // A closed object is scanned twice, because it is parsed too.
      this.#scanned += end === undefined ? line.length - start : 2 * (end - start);
      const event = end === undefined ? undefined : parseObject(line.slice(start, end));
      if (end !== undefined && event !== undefined && isStreamEvent(event)) return { event, start, end };
      start = line.indexOf('{"', start + 1);
    }
    return undefined;
  }
}

function eventOf(text: string): JsonObject | undefined {
  if (!text.trimStart().startsWith("{")) return undefined;
  const object = parseObject(text);
  return stringField(object, "type") === undefined ? undefined : object;
}

function isStreamEvent(object: JsonObject): boolean {
  return eventTypes.has(stringField(object, "type") ?? "") && stringField(object, "session_id") !== undefined;
}

/** Returns the index after the closing brace of the object at `start`, or undefined. */
function endOfObject(text: string, start: number): number | undefined {
  let depth = 0;
  let inString = false;
  for (let at = start; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (inString) {
      if (char === backslash) at++;
      else if (char === quote) inString = false;
    } else if (char === quote) inString = true;
    else if (char === opening) depth++;
    else if (char === closing && --depth === 0) return at + 1;
  }
  return undefined;
}
