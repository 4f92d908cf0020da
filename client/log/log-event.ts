/** The events of a log that is followed. */
import type { Position } from "./position.ts";

/** A part of the log, or a gap in it. The events arrive in the log's order. */
export type LogEvent =
  | {
      readonly kind: "line";
      readonly line: Buffer;
      /** The line has the form of a runner's line, but its numbers prove that the runner did not write it. */
      readonly isForged?: true;
      /** A part of a line that is too long for memory. The next event continues it, unless it ends with a newline. */
      readonly isPart?: true;
    }
  /** The next bytes are delivered without proof that they are complete and belong to the log. */
  | { readonly kind: "unverified"; readonly from: Position; readonly to: Position }
  /** The container wrote these bytes, but the kubelet no longer has them. */
  | { readonly kind: "missing"; readonly from: Position; readonly to: Position };
