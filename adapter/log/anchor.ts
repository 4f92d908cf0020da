/** What a line of the log is: the runner's own, one of them that says where it stands (start, checkpoint, end), or claude's. */
import type { RunReport, RunnerLine } from "../../runner/contract.ts";
import { origin, type Position } from "./position.ts";

/** A line that knows its own place. */
export interface Anchor {
  readonly subtype: "start" | "checkpoint" | "end";
  readonly seq: number;
  /** Everything before this line. */
  readonly before: Position;
  /** Digest of every byte before this line, in hexadecimal. */
  readonly sha256: string;
  /** The termination message; of `end` only. */
  readonly report?: RunReport;
}

const prefix = Buffer.from('{"type":"runner",');
const emptySha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/** The line as one of the runner's own, or undefined. */
export function runnerLineOf(line: Buffer): RunnerLine | undefined {
  if (!line.subarray(0, prefix.length).equals(prefix)) return undefined;
  try {
    const object = JSON.parse(line.toString()) as RunnerLine;
    return Number.isSafeInteger(object.seq) ? object : undefined;
  } catch {
    return undefined;
  }
}

/** The line's anchor, or undefined for every other line. */
export function anchorOf(line: Buffer): Anchor | undefined {
  const object = runnerLineOf(line);
  switch (object?.subtype) {
    case "start":
      return object.seq === 1 ? { subtype: "start", seq: 1, before: origin, sha256: emptySha256 } : undefined;
    case "checkpoint":
      return anchorAt("checkpoint", object.seq, object.log);
    case "end": {
      const anchor = anchorAt("end", object.seq, object.report.log);
      return anchor && { ...anchor, report: object.report };
    }
    case "stderr":
    case undefined:
      return undefined;
  }
}

/** Whether the line looks like one of claude's. Cheap and enough: what the kubelet writes into a stream never looks like this. */
export function isJsonLine(line: Buffer): boolean {
  const end = line[line.length - 2] === 13 ? line.length - 3 : line.length - 2;
  return line[0] === 123 && line[end] === 125;
}

function anchorAt(
  subtype: "checkpoint" | "end",
  seq: number,
  log: Partial<RunReport["log"]> | undefined,
): Anchor | undefined {
  const { lines, bytes, sha256 } = log ?? {};
  if (!isCount(lines) || !isCount(bytes) || typeof sha256 !== "string") return undefined;
  return { subtype, seq, before: { lines, bytes }, sha256 };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
