/**
 * The closed list of failure reasons beside the stories that produce them on the real cluster: a reason that nobody
 * provokes there is a promise that nobody has seen kept.
 */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { failureReasons } from "../../crds/reasons.ts";

const tests = new URL("../", import.meta.url);

const stories = readdirSync(tests, { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".cluster.test.ts"))
  .map((path) => ({ path, code: withoutComments(readFileSync(new URL(path, tests), "utf8")) }));

function withoutComments(code: string): string {
  return code.replaceAll(/\/\*[^]*?\*\/|^\s*\/\/.*$/gm, "");
}

/** Files that name the reason as a string of its own: what a status is compared with. */
function storiesOf(reason: string): string[] {
  return stories.filter(({ code }) => code.includes(`"${reason}"`)).map(({ path }) => path);
}

describe("a test on the real cluster produces", () => {
  it.each(Object.keys(failureReasons))("%s", (reason) => {
    expect(storiesOf(reason), `no *.cluster.test.ts says "${reason}"`).not.toEqual([]);
  });
});
