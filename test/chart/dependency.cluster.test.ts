/** The chart as a dependency of another one, as umbrella charts have it, by helm alone. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { command } from "../command.ts";
import { chart, type Rendered, type Values } from "./render.ts";

const directory = mkdtempSync(join(tmpdir(), "claude-run-umbrella-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const name = "claude-run-operator";
const images: Values = { image: "registry.example/operator:1", run: { image: "registry.example/agent:1" } };
/** What parents have of their own, whatever we call ours. */
const helpers = ["labels", "selector", "fullname", "rules", "config", "hasImages", "enabled"];

interface Umbrella {
  /** More of each dependency; one without more by default. */
  readonly dependencies?: readonly Values[];
  readonly values: Values;
}

async function render({ dependencies = [{}], values }: Umbrella): Promise<Rendered[]> {
  const parent = mkdtempSync(join(directory, "parent-"));
  mkdirSync(join(parent, "templates"));
  cpSync(chart, join(parent, "charts", name), { recursive: true });
  const all = dependencies.map((more) => ({ name, version: ">=0", repository: "", ...more }));
  const meta = { apiVersion: "v2", name: "platform", version: "1.0.0", dependencies: all };
  writeFileSync(join(parent, "Chart.yaml"), JSON.stringify(meta));
  writeFileSync(join(parent, "values.yaml"), JSON.stringify(values));
  const defined = helpers.map((each) => `{{- define "${each}" }}the parent's: own{{ end }}`);
  writeFileSync(join(parent, "templates/_helpers.tpl"), defined.join("\n"));
  const text = await command(["helm", "template", "platform", parent, "--namespace", "here"], "", { timeout: 60_000 });
  return parseAllDocuments(text)
    .map((document) => document.toJS() as Rendered | null)
    .filter((object) => object !== null);
}

const named = (objects: readonly Rendered[], kind: string): string[] =>
  objects.filter((object) => object.kind === kind).map(({ metadata }) => metadata.name);

describe.concurrent("as a dependency it is rendered", () => {
  const condition = `${name}.enabled`;
  it.each<[string, Umbrella]>([
    ["without more", { values: { [name]: images } }],
    ["with a condition", { dependencies: [{ condition }], values: { [name]: { ...images, enabled: true } } }],
    ["with a condition that nothing sets", { dependencies: [{ condition }], values: { [name]: images } }],
    ["with tags", { dependencies: [{ tags: ["agents"] }], values: { tags: { agents: true }, [name]: images } }],
    ["with an alias", { dependencies: [{ alias: "agents" }], values: { agents: images } }],
    [
      "with an alias that is no object's name",
      { dependencies: [{ alias: "My_Agents" }], values: { My_Agents: images } },
    ],
    [
      "with values of the parent's for all",
      { values: { global: { imageRegistry: "registry.example", deep: { list: [1] } }, [name]: images } },
    ],
    [
      "with values that the parent sets to null",
      { values: { [name]: { ...images, replicas: null, run: { ...(images["run"] as Values), mountPath: null } } } },
    ],
  ])("%s", async (_, umbrella) => {
    const objects = await render(umbrella);
    expect(named(objects, "Deployment")).toHaveLength(1);
    expect(named(objects, "CustomResourceDefinition")).toHaveLength(1);
    expect(objects).toHaveLength(15);
    expect(JSON.stringify(objects)).not.toMatch(/the parent's|nil>/);
    expect(objects.find(({ kind }) => kind === "Deployment")?.["spec"]).toMatchObject({ replicas: 2 });
  });

  it.each<[string, Umbrella]>([
    ["by a condition", { dependencies: [{ condition }], values: { [name]: { ...images, enabled: false } } }],
    ["by tags", { dependencies: [{ tags: ["agents"] }], values: { tags: { agents: false }, [name]: images } }],
    ["where no condition asks", { values: { [name]: { ...images, enabled: false } } }],
    [
      "with an alias, where no condition asks",
      { dependencies: [{ alias: "a" }], values: { a: { ...images, enabled: false } } },
    ],
  ])("not when it is switched off %s", async (_, umbrella) => {
    expect(await render(umbrella)).toEqual([]);
  });

  it("twice, with an alias each, without sharing an object or a pod", async () => {
    const objects = await render({
      dependencies: [{}, { alias: "batch" }],
      values: { [name]: images, batch: { ...images, crd: { install: false } } },
    });
    const all = objects.map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? ""}/${metadata.name}`);
    expect(new Set(all).size).toBe(all.length);
    expect(named(objects, "Deployment")).toEqual(["platform-batch", "platform-claude-run"]);
    const selectors = objects.flatMap(({ kind, spec }) =>
      kind === "Deployment" ? [JSON.stringify((spec as { selector: unknown }).selector)] : [],
    );
    expect(new Set(selectors).size).toBe(2);
  });
});
