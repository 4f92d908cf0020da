/**
 * The rights in the chart's templates, read without helm: what a cluster test compares with what helm renders is known
 * here in a second, of all branches of the templates at once.
 */
import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import type { Rendered } from "./render.ts";
import { grantedRights, toldRights, type Rule } from "./rights.ts";

const templates = fileURLToPath(new URL("../../charts/claude-run-operator/templates", import.meta.url));
const release = "cr";

/** The objects of a template: every branch is taken, and a list is passed through once. */
function objectsOf(template: string): Rendered[] {
  const [, rules = ""] =
    /\{\{- define "claude-run-operator.rules" -\}\}\n([\s\S]*?)\n\{\{- end -\}\}\n/.exec(template) ?? [];
  const plain = template
    .replace(/\{\{- define "claude-run-operator.rules" -\}\}\n[\s\S]*?\n\{\{- end -\}\}\n/, "")
    .replace(/\{\{- include "claude-run-operator.rules" .*?\}\}/g, () => `\n${rules.replace(/^/gm, "  ")}`)
    .replace(/\{\{-? *(if|else|end|range)\b.*?\}\}/g, "")
    .replace(/^ *\{\{.*?\}\}$/gm, "")
    .replace(/\{\{ \$name \}\}|\{\{ \$clusterName \| quote \}\}/g, release)
    .replace(/\{\{.*?\}\}/g, "any");
  return parseAllDocuments(plain).flatMap((document) => {
    if (document.errors.length > 0) throw document.errors[0] as Error;
    const object = document.toJS() as Rendered | null;
    return object === null ? [] : [object];
  });
}

const objects = globSync(`${templates}/*.yaml`)
  .map((file) => readFileSync(file, "utf8"))
  .filter((text) => text.includes("rbac.authorization.k8s.io"))
  .flatMap(objectsOf);

it("the operator has each right that docs/security.md tells with its reason, and no other", () => {
  expect(grantedRights(objects, release)).toEqual(toldRights());
});

it("none of the operator's lets it near secrets, into pods, or to more rights", () => {
  const feared = /secrets|exec|attach|impersonate|escalate|bind|roles|serviceaccounts|\*/;
  expect(grantedRights(objects, release).filter((each) => feared.test(each))).toEqual([]);
});

it("of the Leases in its own namespace it reads and changes its own alone", () => {
  const role = objects.find(({ kind, metadata }) => kind === "Role" && metadata.name === `${release}-lease`);
  const unnamed = ((role?.["rules"] ?? []) as Rule[]).filter(({ resourceNames }) => resourceNames === undefined);
  expect(unnamed.map(({ verbs }) => verbs)).toEqual([["create"]]);
});

it("no role of the chart, whoever is bound to it, reads Secrets", () => {
  const reads = ["get", "list", "watch", "*"];
  const readers = objects
    .filter(({ rules }) =>
      ((rules ?? []) as Rule[]).some(
        ({ resources, verbs }) =>
          resources.some((resource) => resource === "secrets" || resource === "*") &&
          verbs.some((verb) => reads.includes(verb)),
      ),
    )
    .map(({ kind, metadata }) => `${kind} ${metadata.name}`);
  expect(readers).toEqual([]);
});
