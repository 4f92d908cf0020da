/** Lists in one flag, as the CLI of Claude Code reads them. */
import { expect, it } from "vitest";
import { listOf } from "./fields.ts";

it.each([
  ["Bash", ["Bash"]],
  ["Bash,Edit", ["Bash", "Edit"]],
  [" Bash , Edit ", ["Bash", "Edit"]],
  ["Bash(git log, git diff),Edit", ["Bash(git log, git diff)", "Edit"]],
  ["Edit,Bash(git log", ["Edit", "Bash(git log"]],
  [",,", []],
  ["", []],
])("%j is %j", (word, list) => {
  expect(listOf(word)).toEqual(list);
});
