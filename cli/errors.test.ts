/** Errors of the command line, the kubeconfig and the API server. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { CliHarness, start } from "./testing/command.ts";

let bench: CliHarness;
beforeAll(async () => {
  bench = await new CliHarness().open();
});
afterAll(() => bench.close());
beforeEach(() => {
  for (const { metadata } of bench.api.runs) bench.api.remove("clauderuns", metadata.name);
  bench.api.fault = () => undefined;
});

describe("an error is one line with an exit code and without a stack:", () => {
  const rows: readonly [what: string, args: readonly string[], code: number, line: string | RegExp][] = [
    ["an unknown verb", ["lst"], 2, "error: unknown command 'lst' (Did you mean one of list, ls?)"],
    ["a wrong format", ["list", "-o", "wide"], 2, /Allowed choices are json, yaml, name/],
    [
      "a context that is not there",
      ["list", "--context", "nope"],
      1,
      /^error: the kubeconfig \S+ has no context nope; available: test$/,
    ],
    [
      "a kubeconfig that is not there",
      ["list", "--kubeconfig", "/nowhere/config"],
      1,
      /the kubeconfig \/nowhere\/config cannot be read: no such file$/,
    ],
  ];
  it.each(rows)("%s", async (_, args, code, line) => {
    const ended = await bench.run(args);
    expect(ended).toMatchObject({ code, stdout: "" });
    expect(ended.stderr.trimEnd()).toMatch(line);
    expect(ended.stderr.trimEnd().split("\n")).toHaveLength(1);
  });

  it("no kubeconfig", async () => {
    const { code, stderr } = await start(["list"]).ended;
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: "error: no kubeconfig found: set KUBECONFIG or --kubeconfig\n",
    });
  });

  it("no rights", async () => {
    bench.api.fault = ({ verb }) => (verb === "list clauderuns" ? { kind: "reject", code: 403 } : undefined);
    const { code, stderr } = await bench.runInProcess(["list"]);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: "error: rejected by the test: request that permission, or choose another namespace with -n\n",
    });
  });

  it.each([
    [
      "no ClaudeRuns at all",
      [],
      "this cluster does not serve ClaudeRuns (paperclip.io/v1alpha1): install the operator's Helm chart",
    ],
    [
      "ClaudeRuns of another version",
      ["v1beta1"],
      "this cluster serves paperclip.io/v1beta1, but this kubectl claude needs",
    ],
  ])("%s", async (_, served, line) => {
    const versions = served.map((version) => ({ version }));
    bench.api.fault = ({ path }) => {
      if (path === "/apis/paperclip.io") return { kind: "answer", body: JSON.stringify({ versions }) };
      return path.includes("v1alpha1") ? { kind: "reject", code: 404 } : undefined;
    };
    const { code, stderr } = await bench.runInProcess(["list"]);
    expect(code).toBe(1);
    expect(stderr).toContain(`error: ${line}`);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
  });

  it("an API server that is gone", async () => {
    const gone = await new CliHarness().open();
    await gone.close();
    const { code, stderr } = await gone.run(["list"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^error: no answer from the API server at http:.*ECONNREFUSED.*: check that the cluster is up.*\n$/,
    );
  });
});
