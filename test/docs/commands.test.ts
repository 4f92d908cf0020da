/** What a page says that a command prints, and what it really printed: which differences count. */
import { expect, it } from "vitest";
import { isLike } from "./commands.ts";

const table = "NAME    AGENT     PHASE       TURNS   COST     AGE\nhello   greeter   Succeeded   1       0.0006   20s";

it.each<[string, string, boolean]>([
  ["the same", table, true],
  [
    "other times, costs and widths",
    table.replace("20s", "3m2s").replace("0.0006", "1.25").replaceAll("   ", " "),
    true,
  ],
  ["another state", table.replace("Succeeded", "Failed"), false],
  ["a line more", `${table}\nother   greeter   Succeeded   1       0.0006   20s`, false],
  ["a line less", table.split("\n")[0] ?? "", false],
  ["another column", table.replace("COST", "PRICE"), false],
])("%s", (_, output, same) => {
  expect(isLike(output, table)).toBe(same);
});

it("… stands for the rest of a line, and alone for any lines", () => {
  expect(isLike('{"a":1}\nb\nc\n{"d":2}', '{"a"…\n…\n{"d"…')).toBe(true);
  expect(isLike('{"a":1}\nb\nc\n{"e":2}', '{"a"…\n…\n{"d"…')).toBe(false);
  expect(isLike("pod/claude-run-7d7446b5fb-22vxb 1/1", "pod/claude-run-6c7446b5aa-abcde 1/1")).toBe(true);
});
