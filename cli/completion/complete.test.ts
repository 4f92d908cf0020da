/** `__complete`: the candidates for the last word. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CliHarness } from "../testing/command.ts";

let bench: CliHarness;
beforeEach(async () => {
  bench = await new CliHarness().open();
});
afterEach(() => bench.close());

describe("words to complete", () => {
  it.each([
    [["lo"], ["logs\tprint the log of a run", ":4"]],
    [
      ["logs", ""],
      ["at-work\tRunning", "done\tSucceeded", ":4"],
    ],
    [
      ["cancel", ""],
      ["at-work\tRunning", ":4"],
    ],
    [["cancel", "at-work", ""], [":4"]],
    [
      ["logs", "-n", "agents", "d"],
      ["done\tSucceeded", ":4"],
    ],
    [["run", "--prompt-file", ""], [":0"]],
    [
      ["cost", "--by", "d"],
      ["day", ":4"],
    ],
    [
      ["run", "--agent", ""],
      ["nightly", ":4"],
    ],
    [
      ["--context", ""],
      ["test", ":4"],
    ],
  ])("after %j: %j", async (typed, words) => {
    bench.put("at-work", {}, { phase: "Running" });
    bench.put("done", {}, { phase: "Succeeded" });
    expect((await bench.runInProcess(["__complete", ...typed])).stdout.trimEnd().split("\n")).toEqual(words);
  });

  it("is silent where there is no cluster", async () => {
    await bench.api.close();
    expect(await bench.runInProcess(["__complete", "logs", ""])).toEqual({ code: 0, stdout: ":4\n", stderr: "" });
    await bench.api.listen();
  });
});
