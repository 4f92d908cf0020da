/** An operator whose ClusterRoleBinding is gone: readiness, doctor and the status say so; all heals once it is back. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { kubectl } from "../cluster/kubectl.ts";
import { operatorNamespace, release } from "../install.ts";
import { eventually } from "../eventually.ts";
import { claude } from "../kubectl/claude.ts";
import { Stage, verdict } from "./stage.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open("unbound");
});
afterAll(() => stage.close());

/** How many of the operator's pods are ready, and how many there are. */
async function ready(): Promise<string> {
  const path = '-o=jsonpath={range .items[*].status.conditions[?(@.type=="Ready")]}{.status} {end}';
  const pods = ["-n", operatorNamespace, "get", "pods", "-l", "app.kubernetes.io/component=operator", path];
  const states = (await kubectl(pods)).trim().split(" ");
  return `${states.filter((state) => state === "True").length}/${states.length}`;
}

it("says at every place what is missing, and heals", async () => {
  const binding = await kubectl(["get", "clusterrolebinding", release, "-o", "json"]);
  const { metadata, ...rest } = JSON.parse(binding) as { metadata: { name: string; labels: object } };
  const again = { ...rest, metadata: { name: metadata.name, labels: metadata.labels } };
  await stage.until("both replicas are ready", async () => (await ready()) === "2/2", 120);
  await kubectl(["delete", "clusterrolebinding", release]);
  try {
    await stage.create(stage.run("unseen", [{ text: "here" }]));
    await stage.until("no replica is ready", async () => (await ready()) === "0/2", 180);
    const told = await eventually(
      "doctor names the run without a status",
      async () => {
        const { code, stdout } = await claude(["doctor", "-n", stage.namespace]);
        return code === 1 && stdout.includes("have no status") ? stdout.replace(/\n {2}(?!→)/g, " ") : undefined;
      },
      120_000,
    );
    expect(told).toContain("✗ 2 of 2 pods of the operator are not ready");
    expect(told).toContain(`✗ No ClusterRoleBinding, and no RoleBinding in namespace ${stage.namespace}`);
    expect(told).toContain("→ Run helm upgrade");
  } finally {
    await kubectl(["create", "-f", "-"], again);
  }
  expect(verdict(await stage.ended("unseen"))).toMatchObject({ reason: "Completed" });
  await stage.until("both replicas are ready again", async () => (await ready()) === "2/2", 180);
  const { code, stdout } = await claude(["doctor", "-n", stage.namespace]);
  expect(stdout).not.toMatch(/^[!✗]/m);
  expect(code).toBe(0);
});
