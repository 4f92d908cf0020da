/** `doctor`: checks permissions, CRD and operator, with the next step. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CliHarness } from "../testing/command.ts";

let bench: CliHarness;
beforeEach(async () => {
  bench = await new CliHarness().open();
});
afterEach(() => bench.close());

describe("doctor", () => {
  it("names what is missing and what to do, and ends with 1", async () => {
    bench.api.denied.add("create clauderuns");
    const { code, stdout } = await bench.runInProcess(["doctor"]);
    expect(code).toBe(1);
    expect(stdout).toContain("✓ ClaudeRun is served as paperclip.io/v1alpha1.\n");
    expect(stdout).toContain("! Lease claude-run-system/claude-run does not exist");
    expect(stdout).toContain(
      "✗ Not allowed to create clauderuns in namespace agents.\n  → Ask an administrator to bind the ClusterRole edit",
    );
  });

  /** An operator that renews its Lease, with two replicas. */
  function operator(facts: { isReady: boolean; isBound: boolean }): void {
    const { isReady, isBound } = facts;
    const spec = { renewTime: new Date().toISOString(), holderIdentity: "claude-run-1" };
    bench.api.put("leases", { metadata: { name: "claude-run", namespace: "claude-run-system" }, spec });
    for (const n of [1, 2]) {
      const labels = { "app.kubernetes.io/component": "operator" };
      const conditions = [{ type: "Ready", status: isReady ? "True" : "False" }];
      const pod = { spec: { serviceAccountName: "claude-run" }, status: { conditions } };
      bench.api.put("pods", { metadata: { name: `claude-run-${n}`, namespace: "claude-run-system", labels }, ...pod });
    }
    const subjects = [{ kind: "ServiceAccount", name: "claude-run", namespace: "claude-run-system" }];
    bench.api.put("rolebindings", {
      metadata: { name: "claude-run-lease" },
      roleRef: { name: "claude-run-lease" },
      subjects,
    });
    bench.api.put("clusterrolebindings", {
      metadata: { name: "system:service-account-issuer-discovery" },
      roleRef: { name: "system:service-account-issuer-discovery" },
      subjects: [{ kind: "Group", name: "system:serviceaccounts" }],
    });
    if (!isBound) return;
    bench.api.put("clusterrolebindings", {
      metadata: { name: "claude-run" },
      roleRef: { name: "claude-run" },
      subjects,
    });
  }

  it("says that an operator leads, is ready, has its rights and looks at the runs", async () => {
    operator({ isReady: true, isBound: true });
    bench.put("seen", {}, { phase: "Queued" });
    const { code, stdout } = await bench.run(["doctor"]);
    expect(stdout).not.toMatch(/^[!✗]/m);
    expect(stdout).toContain("✓ All 2 pods of the operator are ready.\n");
    expect(stdout).toContain("✓ ClusterRoleBinding claude-run names the operator's ServiceAccount");
    expect(stdout).toContain("✓ All ClaudeRuns in namespace agents older than 30 s have a status.\n");
    expect(code).toBe(0);
  });

  it("tells an operator that leads without its rights", async () => {
    operator({ isReady: false, isBound: false });
    bench.put("unseen");
    const { code, stdout } = await bench.run(["doctor"]);
    const text = stdout.replace(/\n {2}(?!→)/g, " ");
    expect(text).toContain("✓ Operator claude-run-1 is the leader.");
    expect(text).toContain("✗ 2 of 2 pods of the operator are not ready, such as claude-run-1.");
    expect(text).toContain("✗ No ClusterRoleBinding, and no RoleBinding in namespace agents, names the operator's");
    expect(text).toContain("→ Run helm upgrade");
    expect(text).toContain("✗ 1 ClaudeRuns in namespace agents have no status; unseen was created");
    expect(code).toBe(1);
  });

  it("says unknown where the user may not look", async () => {
    operator({ isReady: true, isBound: true });
    bench.api.fault = ({ verb }) =>
      ["list pods", "list clusterrolebindings"].includes(verb) ? { kind: "reject", code: 403 } : undefined;
    const { code, stdout } = await bench.run(["doctor"]);
    const text = stdout.replace(/\n {2}(?!→)/g, " ");
    expect(text).toContain("! Cannot check whether the operator's pods are ready:");
    expect(text).toContain("! Cannot check the operator's role bindings:");
    expect(code).toBe(0);
  });
});
