/** Case 42: "Test environment", each check with what it says when all is well and when it is not. */
import type { AdapterEnvironmentCheck } from "@paperclipai/adapter-utils";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ClaudeRunApi } from "../../client/testing/claude-run-api.ts";
import type { ApiVerb } from "../../kube/testing/api-request.ts";
import { allowedKubeconfig } from "../testing/kubeconfigs.ts";
import { permissionName, permissions } from "../../client/checks/permissions.ts";
import { ConnectionCache } from "../kubernetes/connections.ts";
import { testEnvironment } from "./test-environment.ts";

let api: ClaudeRunApi;
beforeEach(async () => {
  api = await new ClaudeRunApi().listen();
  lease(0);
  api.put("persistentvolumeclaims", { metadata: { name: "shared" }, spec: { accessModes: ["ReadWriteMany"] } });
  api.put("persistentvolumeclaims", { metadata: { name: "single" }, spec: { accessModes: ["ReadWriteOnce"] } });
});
afterEach(() => api.close());

/** The operator's Lease, last renewed so long ago. */
function lease(secondsAgo: number, holderIdentity = "operator-1"): void {
  const renewTime = new Date(Date.now() - secondsAgo * 1_000).toISOString();
  const spec = { renewTime, leaseDurationSeconds: 15, holderIdentity };
  api.put("leases", { metadata: { name: "claude-run", namespace: "claude-run-system" }, spec });
}

const well = {
  credentialsSecretName: "anthropic",
  workspaceVolumeClaim: "shared",
  paperclipApiUrl: "http://paperclip.example:3100",
};

async function test(
  config: Record<string, unknown> = {},
): Promise<{ status: string; checks: AdapterEnvironmentCheck[] }> {
  const all = { kubeconfig: config["kubeconfig"] ?? allowedKubeconfig(api.kubeconfigFile()), ...well, ...config };
  return testEnvironment(new ConnectionCache(), { companyId: "c", adapterType: "claude_k8s", config: all });
}

/** Returns level and code of all checks that are not info: "error k8s_crd_missing". */
function complaints(checks: readonly AdapterEnvironmentCheck[]): string[] {
  return checks.filter(({ level }) => level !== "info").map(({ level, code }) => `${level} ${code}`);
}

describe("case 42: the environment's test", () => {
  it("passes where all is well, with a check for each thing that a run needs", async () => {
    const { status, checks } = await test();
    expect(complaints(checks)).toEqual([]);
    expect(status).toBe("pass");
    expect(checks.map(({ code }) => code)).toEqual([
      "k8s_api_reachable",
      "k8s_crd_served",
      "k8s_operator_alive",
      "k8s_namespace_usable",
      ...permissions.map((permission) => `k8s_rbac_${permissionName(permission)}`),
      "k8s_pvc_rwx",
      "k8s_image_default",
      "claude_credentials_secret",
      "paperclip_api_url",
    ]);
  });

  it.each(
    permissions
      .filter(({ isOptional }) => isOptional !== true)
      .map((permission) => [permissionName(permission), permission] as const),
  )("fails with one error if %s is denied", async (name, { resource, subresource, verb }) => {
    api.denied.add(`${verb} ${subresource === undefined ? resource : `${resource}/${subresource}`}` as ApiVerb);
    const { status, checks } = await test();
    expect(complaints(checks)).toEqual([`error k8s_rbac_${name}`]);
    expect(status).toBe("fail");
  });

  const configured: readonly [what: string, config: object, complaint: string][] = [
    ["a key that can't be read", { timeoutSec: "soon" }, "error k8s_config_invalid"],
    ["no credentials", { credentialsSecretName: "" }, "warn claude_credentials_missing"],
    [
      "a server's address that is the pod's own",
      { paperclipApiUrl: "http://127.0.0.1:3100" },
      "error paperclip_api_url_loopback",
    ],
    ["a server's address that is none", { paperclipApiUrl: "paperclip" }, "error paperclip_api_url_invalid"],
    ["no server's address", { paperclipApiUrl: "" }, "warn paperclip_api_url_missing"],
    ["a claim for one node", { workspaceVolumeClaim: "single" }, "warn k8s_pvc_not_rwx"],
    ["a claim that is not there", { workspaceVolumeClaim: "none" }, "error k8s_pvc_missing"],
    ["no claim", { workspaceVolumeClaim: "" }, "warn k8s_workspace_not_kept"],
    ["an operator of another name", { operatorLease: "system/other" }, "warn k8s_operator_lease_missing"],
  ];
  it.each(configured)("says of %s what to do", async (_, config, complaint) => {
    const { checks } = await test({ ...config });
    expect(complaints(checks)).toEqual([complaint]);
    expect(checks.find(({ level }) => level !== "info")?.hint).toMatch(/\w{3}/);
  });

  const refused: readonly [what: string, verb: ApiVerb, code: number, complaint: string][] = [
    ["ClaudeRun not served", "get /apis/paperclip.io/v1alpha1", 404, "error k8s_crd_missing"],
    ["a namespace that can't be used", "list clauderuns", 403, "error k8s_namespace_check_failed"],
    ["a claim that may not be read", "get persistentvolumeclaims", 403, "warn k8s_pvc_check_failed"],
    ["an operator that may not be looked at", "get leases", 403, "warn k8s_operator_check_failed"],
  ];
  it.each(refused)("says of %s what to do, and goes on", async (_, verb, code, complaint) => {
    api.fault = (asked) => (asked.verb === verb ? { kind: "reject", code } : undefined);
    expect(complaints((await test()).checks)).toEqual([complaint]);
  });

  it("warns where a right can't be asked for", async () => {
    api.fault = ({ verb }) => (verb === "create selfsubjectaccessreviews" ? { kind: "reject", code: 403 } : undefined);
    const { status, checks } = await test();
    expect(complaints(checks)).toEqual(permissions.map((permission) => `warn k8s_rbac_${permissionName(permission)}`));
    expect(status).toBe("warn");
  });

  it("fails if no operator renews its Lease", async () => {
    lease(90);
    expect(complaints((await test()).checks)).toEqual(["error k8s_operator_silent"]);
  });

  it("fails once the operator that was stopped has given its Lease back", async () => {
    lease(0, "");
    expect(complaints((await test()).checks)).toEqual(["error k8s_operator_silent"]);
  });

  it("warns only, if what it alone needs is denied", async () => {
    api.denied.add("get persistentvolumeclaims");
    expect(complaints((await test()).checks)).toEqual(["warn k8s_rbac_persistentvolumeclaims_get"]);
  });

  it("without an API server says just that", async () => {
    const kubeconfig = allowedKubeconfig(api.kubeconfigFile());
    await api.close();
    const { status, checks } = await test({ kubeconfig });
    expect(checks.map(({ level, code }) => `${level} ${code}`)).toEqual(["error k8s_api_unreachable"]);
    expect(status).toBe("fail");
    await api.listen();
  });
});
