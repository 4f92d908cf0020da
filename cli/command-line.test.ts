/** `inspect`, whose arguments only the runner parses. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CliHarness } from "./testing/command.ts";

let bench: CliHarness;
beforeEach(async () => {
  bench = await new CliHarness().open();
});
afterEach(() => bench.close());

describe("inspect", () => {
  it("is the runner's", async () => {
    const file = join(mkdtempSync(join(tmpdir(), "inspect-")), "log");
    writeFileSync(file, "");
    const { code, stdout } = await bench.runInProcess(["inspect", file, "--exit-code", "3"]);
    expect({ code, found: JSON.parse(stdout) as object }).toMatchObject({
      code: 0,
      found: { reason: "ClaudeStartFailed" },
    });
    expect(await bench.runInProcess(["inspect", "--bogus"])).toMatchObject({ code: 2 });
    expect(await bench.runInProcess(["inspect", "/nowhere"])).toMatchObject({ code: 1 });
  });
});
