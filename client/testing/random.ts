/** Pseudo-random numbers (mulberry32): the same seed gives the same schedule. */
import type { Fault } from "./kubelet-log.ts";

/** Returns a function that draws whole numbers from 0 to `below` - 1. */
export function randomBelow(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * below);
  };
}

/** Draws a line of claude: JSON of any length, multi-byte characters, a repeated line, text, broken bytes, or none. */
export function claudeLine(below: (below: number) => number): string | Buffer {
  const kind = below(12);
  if (kind === 0) return "Error: plain words, not JSON";
  if (kind === 1) return '{"type":"system","subtype":"same every time"}';
  if (kind === 2) return Buffer.from([0x7b, 0xff, 0xfe, 0xc3, 0x28, 0x7d]);
  if (kind === 3) return "";
  if (kind === 4) return JSON.stringify({ type: "user", text: "Größe 🦀 ".repeat(below(3_000)) });
  if (kind === 5) return `${JSON.stringify({ type: "assistant", crlf: true })}\r`;
  return JSON.stringify({ type: "assistant", text: "ü🦀".repeat(below(40)), n: below(1_000) });
}

/** Draws a fault of a log stream. */
export function logFault(below: (below: number) => number): Fault {
  const afterBytes = below(4) === 0 ? below(40) : below(20_000);
  const kind = below(5);
  if (kind === 0) return { kind: "end", afterBytes };
  if (kind === 1 && below(8) === 0) return { kind: "hang", afterBytes };
  if (kind === 2) return { kind: "reject", code: [500, 503, 429, 400][below(4)] ?? 500 };
  if (kind === 3) {
    const text = "unable to retrieve container logs for containerd://0123\n";
    return { kind: "kubeletError", afterRecords: below(30), text: text.slice(0, below(2) === 0 ? undefined : -1) };
  }
  return { kind: "reset", afterBytes };
}
