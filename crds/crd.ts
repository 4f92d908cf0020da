/** The CustomResourceDefinition: names, columns and the structural schema. */
import { claudeRunSchema } from "./claude-run.ts";
import { category, crdName, group, kind, listKind, plural, shortName, singular, version } from "./names.ts";
import { toStructural, type StructuralSchema } from "./structural.ts";

/** Returns the schema of the whole object. The API server itself validates apiVersion, kind and metadata. */
export function rootSchema(): StructuralSchema {
  const root = toStructural(claudeRunSchema);
  return {
    ...root,
    description: "One run of a Claude Code agent.",
    required: ["spec"],
    properties: {
      ...root.properties,
      apiVersion: { type: "string" },
      kind: { type: "string" },
      metadata: { type: "object" },
    },
  };
}

/** Returns the CustomResourceDefinition. */
export function customResourceDefinition() {
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: crdName },
    spec: {
      group,
      scope: "Namespaced",
      names: { kind, listKind, plural, singular, shortNames: [shortName], categories: [category] },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          subresources: { status: {} },
          selectableFields: [{ jsonPath: ".spec.agent" }, { jsonPath: ".status.phase" }],
          additionalPrinterColumns: columns,
          schema: { openAPIV3Schema: rootSchema() },
        },
      ],
    },
  };
}

const wide = { priority: 1 };
const columns = [
  { name: "Agent", type: "string", jsonPath: ".spec.agent" },
  { name: "Phase", type: "string", jsonPath: ".status.phase" },
  { name: "Reason", type: "string", jsonPath: '.status.conditions[?(@.type=="Succeeded")].reason' },
  { name: "Turns", type: "integer", jsonPath: ".status.result.turns" },
  { name: "Cost", type: "string", jsonPath: ".status.result.costUSD" },
  { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
  { name: "Queue", type: "integer", jsonPath: ".status.queuePosition", ...wide },
  { name: "Session", type: "string", jsonPath: ".status.session.id", ...wide },
  { name: "Model", type: "string", jsonPath: ".status.result.models[0].model", ...wide },
  { name: "Pod", type: "string", jsonPath: ".status.pod.name", ...wide },
  { name: "Started", type: "date", jsonPath: ".status.startTime", ...wide },
];
