/** Lines of the runner that contain their own position in the log: start, checkpoint and end. */
import type { RunReport } from "../../runner/contract.ts";
import { origin, type Position } from "./position.ts";
import { parseRunnerLine } from "./runner-line.ts";

/** A runner's line with its position. */
export interface Anchor {
  readonly subtype: "start" | "checkpoint" | "end";
  readonly seq: number;
  /** Lines and bytes before this line. */
  readonly before: Position;
  /** SHA-256 of every byte before this line, in hexadecimal. */
  readonly sha256: string;
  /** The termination message; set for `end` only. */
  readonly report?: RunReport;
}

const emptySha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/** Returns the line's anchor, or undefined for every other line. */
export function anchorOf(line: Buffer): Anchor | undefined {
  const object = parseRunnerLine(line);
  switch (object?.subtype) {
    case "start":
      return { subtype: "start", seq: 1, before: origin, sha256: emptySha256 };
    case "checkpoint":
      return { subtype: "checkpoint", seq: object.seq, ...positionAndDigest(object.log) };
    case "end":
      return { subtype: "end", seq: object.seq, ...positionAndDigest(object.report.log), report: object.report };
    case "stderr":
    case undefined:
      return undefined;
  }
}

/** Returns true if the line has braces as claude's lines do. The kubelet's errors never have. */
export function isJsonLine(line: Buffer): boolean {
  const end = line[line.length - 2] === 13 ? line.length - 3 : line.length - 2;
  return line[0] === 123 && line[end] === 125;
}

function positionAndDigest({ lines, bytes, sha256 }: RunReport["log"]): Pick<Anchor, "before" | "sha256"> {
  return { before: { lines, bytes }, sha256 };
}
