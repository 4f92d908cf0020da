/** The chart at its edges, by helm alone: values that are null or of a wrong type, names that collide, text that YAML would read otherwise. */
import { readFileSync } from "node:fs";
import { load } from "js-yaml";
import { describe, expect, it } from "vitest";
import { chart, rejection, render, type Rendered, type Values } from "./render.ts";
import { nested, paths, valueAt, withValue } from "./value-paths.ts";

/** Everything that the chart can make. */
const everything: Values = {
  image: "registry.example/operator:1",
  run: { image: "registry.example/agent:1" },
  watchNamespaces: ["team"],
  metrics: {
    serviceMonitor: { enabled: true },
    prometheusRule: { enabled: true },
    dashboard: { enabled: true },
  },
  networkPolicy: { runs: { enabled: true, namespaces: ["team"] } },
  admissionPolicy: { enabled: true },
};
const defaults = load(readFileSync(`${chart}/values.yaml`, "utf8")) as Values;

describe.concurrent("a value that is null", () => {
  /** What null takes away, instead of giving it its default: these are merged with their defaults, so nothing else could. */
  const taken = /(^|\.)(resources|labels)(\.|$)/;

  const rendered = new Map<string, Promise<Rendered[]>>();
  const renderOnce = (values: Values): Promise<Rendered[]> => {
    const key = JSON.stringify(values);
    const known = rendered.get(key) ?? render(values);
    rendered.set(key, known);
    return known;
  };

  it.each(paths(defaults).map((path) => path.join(".")))("%s", async (name) => {
    const path = name.split(".");
    const objects = await render(withValue(everything, path, null));
    expect(JSON.stringify(objects)).not.toContain("nil>");
    if (taken.test(name)) return;
    const isSet = valueAt(everything, path) !== undefined;
    const wanted = isSet ? withValue(everything, path, valueAt(defaults, path)) : everything;
    expect(objects).toEqual(await renderOnce(wanted));
  });

  it("of resources leaves none of them, and one of resources leaves the others", async () => {
    const resourcesOf = async (resources: unknown): Promise<unknown> => {
      const [deployment] = (await render({ ...everything, resources })).filter(({ kind }) => kind === "Deployment");
      const { template } = deployment?.["spec"] as { template: { spec: { containers: { resources: unknown }[] } } };
      return template.spec.containers[0]?.resources;
    };
    expect(await resourcesOf(null)).toEqual({});
    expect(await resourcesOf({ limits: { cpu: null } })).toMatchObject({
      limits: { memory: "384Mi", "ephemeral-storage": "64Mi" },
      requests: { cpu: "50m" },
    });
  });
});

describe("a value of a wrong type", () => {
  const wrong = (value: unknown): unknown => {
    if (typeof value === "number" || typeof value === "boolean") return String(value);
    if (Array.isArray(value)) return "text";
    return typeof value === "object" ? "text" : { a: "map" };
  };
  const isMap = (path: readonly string[]): boolean =>
    paths(defaults).some(
      (other) => other.length > path.length && other.slice(0, path.length).join(".") === path.join("."),
    );

  it.each<[string, string[][]]>([
    ["all that are no maps at once", paths(defaults).filter((path) => !isMap(path))],
    ...paths(defaults)
      .filter(isMap)
      .map((path): [string, string[][]] => [path.join("."), [path]]),
  ])("%s: is rejected, named, and what is allowed is said", async (_, all) => {
    const values = all.reduce((rest, path) => withValue(rest, path, wrong(valueAt(defaults, path))), everything);
    const words = await rejection(values);
    for (const path of all) {
      // A line begins with the value that is wrong, or the lines below it do.
      const lines = words.split("\n").filter((line) => line.includes(`at '/${path.join("/")}'`));
      expect(lines.join("\n"), path.join(".")).toMatch(/got \w+, want \w+|value must be/);
    }
  });
});

describe.concurrent("numbers", () => {
  it("are written in full, whatever their size", async () => {
    const objects = await render({
      ...everything,
      maxActiveRuns: 1_000_000,
      historyLimit: 20_000_000,
      run: { image: "registry.example/agent:1", podTTLSecondsAfterFinished: 31_536_000 },
      metrics: { prometheusRule: { enabled: true, queuedSeconds: 1_000_000, costUSDPerHour: 12_345_678 } },
    });
    expect(JSON.stringify(objects)).not.toMatch(/\de\+\d/);
    expect(JSON.stringify(objects)).toContain("maxActiveRuns: 1000000");
  });

  it.each<[string, unknown]>([
    ["run.podTTLSecondsAfterFinished", 2 ** 31],
    ["run.activeDeadlineSeconds", 1e12],
    ["replicas", -1],
    ["replicas", 1.5],
    ["workers", 65],
    ["maxActiveRuns", "5"],
  ])("%s: %s is rejected", async (name, value) => {
    expect(await rejection(withValue(everything, name.split("."), value))).toContain(`/${name.replaceAll(".", "/")}'`);
  });
});

describe.concurrent("text that YAML would read as something else", () => {
  const texts = ["true", "null", "1", "1e3", "0x1f", "yes"];

  it.each(texts)("%s as a name of everything", async (text) => {
    const objects = await render(
      {
        ...everything,
        imagePullSecrets: [text],
        priorityClassName: text,
        watchNamespaces: [text],
        run: { image: "registry.example/agent:1", serviceAccountName: text, credentialsSecretName: text },
        networkPolicy: { runs: { enabled: true } },
        podLabels: { team: text },
        podAnnotations: { note: text },
        nodeSelector: { pool: text },
      },
      { release: text, namespace: text },
    );
    const names = objects.flatMap(({ metadata }) => [metadata.name, ...Object.values(metadata.labels ?? {})]);
    expect(names.filter((name) => typeof name !== "string")).toEqual([]);
    const namespaces = objects.flatMap(({ metadata }) => metadata.namespace ?? []);
    expect([...new Set(namespaces)]).toEqual([text]);
    const [deployment] = objects.filter(({ kind }) => kind === "Deployment");
    const { template } = deployment?.["spec"] as {
      template: { metadata: Rendered["metadata"]; spec: Record<string, unknown> };
    };
    expect(template.metadata.labels).toMatchObject({ team: text });
    expect(template.metadata.annotations).toMatchObject({ note: text });
    expect(template.spec).toMatchObject({
      priorityClassName: text,
      imagePullSecrets: [{ name: text }],
      nodeSelector: { pool: text },
    });
  });

  it("templates, quotes and line ends stay what they are", async () => {
    const text = `{{ .Release.Name }} "a" 'b' #c: d\n- e: \\`;
    const objects = await render({
      ...everything,
      podAnnotations: { text },
      admissionPolicy: { enabled: true, exemptGroups: [`it's "us"`] },
    });
    const [deployment] = objects.filter(({ kind }) => kind === "Deployment");
    const { template } = deployment?.["spec"] as { template: { metadata: Rendered["metadata"] } };
    expect(template.metadata.annotations?.["text"]).toBe(text);
    expect(JSON.stringify(objects)).toContain(JSON.stringify(JSON.stringify([`it's "us"`])).slice(1, -1));
  });

  it("labels of ours win over labels that the values bring", async () => {
    const ours = { "app.kubernetes.io/instance": "other", "app.kubernetes.io/name": "other" };
    const objects = await render({
      ...everything,
      podLabels: ours,
      podAnnotations: { "checksum/config": "x" },
      metrics: {
        serviceMonitor: { enabled: true, labels: ours },
        prometheusRule: { enabled: true, labels: ours },
        dashboard: { enabled: true, labels: ours },
      },
    });
    expect(JSON.stringify(objects)).not.toContain('"other"');
  });
});

describe.concurrent("names", () => {
  const builtIn = ["edit", "view", "admin", "cluster-admin", "default", "kube-root-ca.crt"];
  const long = "a".repeat(53);
  const releases = [...builtIn, long, "1", "a.b", "claude-run-operator", "my-claude-run", "claude-run", "operator"];

  it.each(releases)("release %s: of a proper form, and none of Kubernetes' own", async (release) => {
    const objects = await render({ ...everything, watchNamespaces: [] }, { release, namespace: "somewhere" });
    for (const { kind, metadata } of objects) {
      expect(builtIn, kind).not.toContain(metadata.name);
      const most = metadata.namespace === undefined ? 253 : 63;
      expect(metadata.name.length, `${kind} ${metadata.name}`).toBeLessThanOrEqual(most);
      expect(metadata.name).toMatch(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/);
      if (kind === "Service") expect(metadata.name).toMatch(/^[a-z]([-a-z0-9]*[a-z0-9])?$/);
      for (const value of Object.values(metadata.labels ?? {})) expect(value.length).toBeLessThanOrEqual(63);
    }
  });

  const identities = async (release: string, namespace: string, values = everything): Promise<string[]> =>
    (await render({ ...values, watchNamespaces: [], crd: { install: false } }, { release, namespace }))
      .filter(({ metadata }) => metadata.namespace !== "team")
      .map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? ""}/${metadata.name}`);

  it.each([
    ["two releases in one namespace", ["one", "here"], ["two", "here"]],
    ["one name in two namespaces", ["claude-run", "here"], ["claude-run", "there"]],
    ["one name in two namespaces, one of them its own", ["claude-run", "claude-run-system"], ["claude-run", "there"]],
    ["two long names that differ at the end", [`${long.slice(1)}b`, "here"], [`${long.slice(1)}c`, "here"]],
  ] as const)("%s share no object", async (_, [release, namespace], [otherRelease, otherNamespace]) => {
    const [ours, theirs] = await Promise.all([
      identities(release, namespace),
      identities(otherRelease, otherNamespace),
    ]);
    expect(ours.filter((each) => theirs.includes(each))).toEqual([]);
    expect(new Set(ours).size).toBe(ours.length);
  });

  it("the documented release keeps the names that docs and older releases have", async () => {
    const objects = await render(
      { ...everything, watchNamespaces: [] },
      {
        release: "claude-run",
        namespace: "claude-run-system",
      },
    );
    const named = objects
      .filter(({ kind }) => /^(ClusterRole|Deployment|ServiceAccount)$/.test(kind))
      .map(({ metadata }) => metadata.name);
    expect(new Set(named)).toEqual(
      new Set(["claude-run", "claude-run-admin", "claude-run-edit", "claude-run-paperclip", "claude-run-view"]),
    );
  });

  it("can be chosen", async () => {
    const full = await render({ ...images(), fullnameOverride: "agents" });
    expect(full.find(({ kind }) => kind === "Deployment")?.metadata.name).toBe("agents");
    const part = await render({ ...images(), nameOverride: "agents" });
    expect(part.find(({ kind }) => kind === "Deployment")?.metadata.name).toBe("claude-run-agents");
    expect(await rejection(nested(["fullnameOverride"], "Not A Name"))).toContain("/fullnameOverride");
  });

  it("what is bound, mounted and selected is what the release makes", async () => {
    const objects = await render({ ...everything, watchNamespaces: [] }, { release: "edit", namespace: "somewhere" });
    const has = (kind: string, name: string): boolean =>
      objects.some((object) => object.kind === kind && object.metadata.name === name);
    for (const object of objects.filter(({ kind }) => kind.endsWith("Binding") && kind.includes("Role"))) {
      const { kind, name } = object["roleRef"] as { kind: string; name: string };
      expect(has(kind, name), `${kind} ${name}`).toBe(true);
      const [account] = object["subjects"] as { name: string }[];
      expect(has("ServiceAccount", account?.name ?? "")).toBe(true);
    }
    for (const object of objects.filter(({ kind }) => kind === "ValidatingAdmissionPolicyBinding")) {
      expect(has("ValidatingAdmissionPolicy", (object["spec"] as { policyName: string }).policyName)).toBe(true);
    }
    expect(JSON.stringify(objects)).toContain("system:serviceaccount:somewhere:edit-claude-run");
  });
});

it("kubectl can apply what helm prints, in the order in which it is printed", async () => {
  const kinds = (await render({ ...everything, watchNamespaces: [] })).map(({ kind }) => kind);
  const at = (kind: string): number => kinds.indexOf(kind);
  for (const kind of ["ServiceAccount", "ConfigMap", "CustomResourceDefinition", "ClusterRole", "ClusterRoleBinding"]) {
    expect(at(kind), kind).toBeGreaterThanOrEqual(0);
    expect(at(kind), kind).toBeLessThan(at("Deployment"));
  }
});

function images(): Values {
  return { image: "registry.example/operator:1", run: { image: "registry.example/agent:1" } };
}
