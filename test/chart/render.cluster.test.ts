/** What the chart makes of many values: the operator can read its part, the API server takes the rest, typos are refused. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { load } from "js-yaml";
import { describe, expect, it } from "vitest";
import { readConfig, type Config } from "../../operator/config.ts";
import { kubectl } from "../cluster/kubectl.ts";
import { chart, notes, rejection, render, type Rendered, type Values } from "./render.ts";
import { grantedRights, toldRights } from "./rights.ts";
import { images, valueSets } from "./value-sets.ts";

/** The operator's configuration as it reads it from the rendered ConfigMap. */
function configOf(objects: readonly Rendered[]): Config {
  const map = objects.find(({ kind, metadata }) => kind === "ConfigMap" && metadata.name === "claude-run");
  const text = (map?.["data"] as Record<string, string>)["config.yaml"] ?? "";
  return readConfig({ CONFIG_FILE: "config.yaml" }, () => load(text));
}

function kinds(objects: readonly Rendered[]): string[] {
  return objects.map(({ kind }) => kind);
}

it("helm lint has nothing against it", async () => {
  const { stdout } = await promisify(execFile)("helm", ["lint", "--strict", chart]);
  expect(stdout).toContain("1 chart(s) linted, 0 chart(s) failed");
});

describe.concurrent("with", () => {
  it.each(Object.entries(valueSets))("%s", async (_, values) => {
    const objects = await render(values, { namespace: "default" });
    if ((values["run"] as Values | undefined)?.["image"] !== undefined) expect(() => configOf(objects)).not.toThrow();
    // The Prometheus operator's kinds are not on this cluster; the CRD is there, and dear to judge.
    const known = objects.filter(
      ({ apiVersion }) => !/^(monitoring\.coreos\.com|apiextensions\.k8s\.io)\//.test(apiVersion),
    );
    const apply = ["apply", "--server-side", "--force-conflicts", "--dry-run=server", "--validate=strict", "-f", "-"];
    await kubectl(apply, { apiVersion: "v1", kind: "List", items: known });
  });
});

describe.concurrent("refuses", () => {
  const cases: [string, Values, string][] = [
    ["a misspelt value", { imge: "x" }, "additional properties 'imge' not allowed"],
    ["a misspelt value inside", { run: { ressources: {} } }, "at '/run': additional properties 'ressources'"],
    ["a misspelt limit", { resources: { limit: {} } }, "additional properties 'limit' not allowed"],
    ["a number that is a word", { replicas: "two" }, "at '/replicas': got string, want integer"],
    ["a namespace that is no list", { watchNamespaces: "team-a" }, "at '/watchNamespaces'"],
    ["a word that is not on offer", { admission: "closed" }, "at '/admission'"],
    ["an interval that is too short", { progressIntervalSeconds: 5 }, "at '/progressIntervalSeconds'"],
    ["an address that is none", { networkPolicy: { operator: { apiServerCIDRs: ["10.0.0.1"] } } }, "apiServerCIDRs"],
    ["a kind of volume that is not on offer", { admissionPolicy: { volumeTypes: ["hostPath"] } }, "volumeTypes"],
    [
      "a NetworkPolicy for runs nowhere",
      { networkPolicy: { runs: { enabled: true } } },
      "networkPolicy.runs.namespaces is required",
    ],
  ];
  it.each(cases)("%s", async (_, values, words) => {
    expect(await rejection({ ...images, ...values })).toContain(words);
  });

  it("an upgrade that forgets the images, where the first install asks for them", async () => {
    expect(await rejection({}, { isUpgrade: true })).toContain("image and run.image are required");
    const [deployment] = (await render({})).filter(({ kind }) => kind === "Deployment");
    expect(deployment?.["spec"]).toMatchObject({ paused: true, replicas: 2 });
    const asked = await notes({});
    expect(asked).toContain("--reuse-values --set image=… --set run.image=…");
    const half = await notes({ image: "registry.example/operator:1" });
    expect(half).not.toContain("  image ");
    expect(half).toContain("  run.image ");
  });

  it("a Kubernetes that is too old", async () => {
    expect(await rejection(images, { kubeVersion: "1.31.9" })).toContain("requires kubeVersion");
  });
});

it("the defaults of the values are those of the operator", async () => {
  const rendered = configOf(await render(images));
  const bare = readConfig({ RUN_IMAGE: "registry.example/agent:1" }, () => undefined);
  const chosen = [
    "runImagePullPolicy",
    "runSecurityContext",
    "runContainerSecurityContext",
    "runResources",
    "defaults",
    "settings",
    "leaseName",
    "leaseNamespace",
  ];
  const rest = (config: Config): [string, unknown][] =>
    Object.entries(config).filter(([name]) => !chosen.includes(name));
  expect(Object.fromEntries(rest(rendered))).toEqual(Object.fromEntries(rest(bare)));
});

it("the CRD is kept by helm uninstall unless told otherwise, and can be left out", async () => {
  const keeps = async (crd: Values): Promise<string[]> =>
    (await render({ ...images, crd }))
      .filter(({ kind }) => kind === "CustomResourceDefinition")
      .map(({ metadata }) => metadata.annotations?.["helm.sh/resource-policy"] ?? "goes");
  expect(await keeps({})).toEqual(["keep"]);
  expect(await keeps({ keep: false })).toEqual(["goes"]);
  expect(await keeps({ install: false })).toEqual([]);
});

it("monitoring is off unless asked for", async () => {
  const monitoring = ["ServiceMonitor", "PrometheusRule", "Service"];
  expect(kinds(await render(images))).not.toEqual(expect.arrayContaining(monitoring));
  expect(kinds(await render(valueSets["monitoring"] ?? {}))).toEqual(expect.arrayContaining(monitoring));
});

it("docs/security.md has each right of the operator, with its reason, and no other", async () => {
  expect(toldRights()).toEqual(grantedRights(await render(images), "claude-run"));
});

it("NOTES.txt has a first run that the API server takes", async () => {
  const shown = await notes({ ...images, watchNamespaces: ["default"] });
  const [, manifest = ""] = /<<'RUN'\n([\s\S]*?)\nRUN\n/.exec(shown) ?? [];
  expect(shown).toContain("kubectl -n default apply -f -");
  await kubectl(["create", "--dry-run=server", "--validate=strict", "-f", "-"], load(manifest));
});
