/** `continue` and `retry`: a new run in the session of an earlier one, or with its prompt. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CliHarness, succeeded } from "../testing/command.ts";

let bench: CliHarness;
beforeEach(async () => {
  bench = await new CliHarness().open();
});
afterEach(() => bench.close());

const workspace = { persistentVolumeClaim: { claimName: "work" } };
const failed = { phase: "Failed", conditions: [succeeded("False", "MaxTurns")], session: { id: "s-1" } };

/** Returns the spec of the run that the command creates. */
async function created(args: readonly string[]): Promise<unknown> {
  const { code, stderr } = await bench.runInProcess([...args, "--name", "next"]);
  expect(code, stderr).toBe(0);
  return bench.api.get("clauderuns", "next")?.["spec"];
}

describe("continue", () => {
  it.each([
    ["the default prompt", [], "Go on."],
    ["a prompt", ["Fix the rest."], "Fix the rest."],
  ])("resumes the session on its workspace with %s", async (_, words, prompt) => {
    bench.put("one", { workspace, cancel: true, claude: { maxTurns: 3 } }, failed);
    const spec = await created(["continue", "one", ...words, "--max-turns", "6"]);
    expect(spec).toMatchObject({ agent: "nightly", workspace, prompt, session: { resume: "s-1" } });
    expect(spec).toMatchObject({ claude: { maxTurns: 6 } });
    expect(spec).not.toHaveProperty("cancel", true);
  });

  it("of a session that was deleted with its pod proposes retry", async () => {
    bench.put("one", {}, failed);
    const { code, stderr } = await bench.run(["continue", "one"]);
    expect(code).toBe(1);
    expect(stderr).toBe(
      "error: one cannot be continued: its workspace was not on a volume claim, so the session was deleted with its pod; start over with: kubectl claude retry one\n",
    );
    expect(bench.api.runs).toHaveLength(1);
  });
});

describe("retry", () => {
  it("repeats the prompt with changed variables, in a new session if it is told to", async () => {
    const env = [
      { name: "A", value: "old" },
      { name: "B", value: "kept" },
    ];
    bench.put("one", { workspace, session: { resume: "s-0" }, pod: { env } }, failed);
    const spec = await created(["retry", "one", "--env", "A=new", "--new-session"]);
    expect(spec).toMatchObject({
      prompt: "Work.",
      workspace,
      pod: {
        env: [
          { name: "B", value: "kept" },
          { name: "A", value: "new" },
        ],
      },
    });
    expect(spec).not.toHaveProperty("session");
  });
});

it.each(["continue", "retry"])("%s of a run that has not finished creates nothing", async (verb) => {
  bench.put("one", {}, { phase: "Running" });
  expect(await bench.run([verb, "one"])).toEqual({
    code: 1,
    stdout: "",
    stderr: "error: one has not finished: wait for it (kubectl claude logs -f one), or cancel it\n",
  });
  expect(bench.api.runs).toHaveLength(1);
});
