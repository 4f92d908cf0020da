/** A mutation that no longer finds its line breaks nothing: known here, and not only in the long suite. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { mutations } from "./table.ts";

it.each(mutations)("$breaks: its line stands in $file once", ({ file, find }) => {
  expect(readFileSync(file, "utf8").split(find)).toHaveLength(2);
});
