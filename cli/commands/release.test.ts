/** `release`: removes finalizers left by an uninstalled operator. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CliHarness } from "../testing/command.ts";

let bench: CliHarness;
beforeEach(async () => {
  bench = await new CliHarness().open();
});
afterEach(() => bench.close());

describe("release", () => {
  const held = {
    labels: { "app.kubernetes.io/managed-by": "clauderun-operator" },
    finalizers: ["paperclip.io/record-result"],
  };

  it("fails while an operator is running", async () => {
    bench.api.put("leases", {
      metadata: { name: "claude-run", namespace: "claude-run-system" },
      spec: { renewTime: new Date().toISOString(), holderIdentity: "op-1" },
    });
    bench.api.put("pods", { metadata: { name: "p", ...held } });
    const { code, stderr } = await bench.runInProcess(["release", "-A"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^error: Operator op-1 is the leader\. It records the results .* with --force the results are lost\n$/,
    );
    expect(bench.api.count("patch pods")).toBe(0);
  });

  it("fails if the Lease does not exist: the operator's may have another name", async () => {
    bench.api.put("pods", { metadata: { name: "p", ...held } });
    const { code, stderr } = await bench.run(["release", "-A"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /Lease claude-run-system\/claude-run does not exist.* Set --operator-lease .*; --force releases/,
    );
    expect(bench.api.count("patch pods")).toBe(0);
  });

  it("with --force releases each pod by its uid, and skips one whose name is another pod's by now", async () => {
    const { metadata } = bench.api.put("pods", { metadata: { name: "p", ...held } });
    bench.api.put("pods", { metadata: { name: "other", ...held } });
    bench.api.fault = ({ verb, path }) =>
      verb === "patch pods" && path.endsWith("/other") ? { kind: "reject", code: 409 } : undefined;
    expect(await bench.run(["release", "-A", "--force"])).toMatchObject({
      code: 0,
      stdout: "pod agents/p released\n",
    });
    expect(bench.api.requests.find(({ verb, path }) => verb === "patch pods" && path.endsWith("/p"))?.body).toEqual({
      metadata: { uid: metadata["uid"], "$deleteFromPrimitiveList/finalizers": ["paperclip.io/record-result"] },
    });
  });

  it("names what it would release", async () => {
    bench.api.put("pods", { metadata: { name: "p", ...held } });
    bench.api.put("pods", { metadata: { name: "free", labels: held.labels } });
    expect((await bench.runInProcess(["release", "-A", "--dry-run"])).stdout).toBe("pod agents/p would be released\n");
  });
});
