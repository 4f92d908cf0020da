/** What following a log yields. */
import type { Position } from "./position.ts";

/** What a reader of the log is given, in order. */
export type LogEvent =
  | { readonly kind: "line"; readonly line: Buffer }
  /** These bytes were written and can't be shown any more. */
  | { readonly kind: "missing"; readonly from: Position; readonly to: Position };
