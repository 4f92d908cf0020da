/** spec.pod.env and spec.pod.envFrom: the container's variables. */
import * as z from "zod";
import { keyFields, list, nestedName, object, quantity, text } from "./fields.ts";
import { environmentName, fieldPath, notRunnerConfig } from "./formats.ts";
import { exactlyOneOf, notBoth, withRules, withPattern, type Rule } from "./rules.ts";

const optional = (what: string) => z.boolean().describe(`The ${what} may be missing. Default: false.`).exactOptional();

const variableSource = withRules(
  object({
    secretKeyRef: object({ ...keyFields("Secret"), optional: optional("key") })
      .describe("A key of a Secret.")
      .exactOptional(),
    configMapKeyRef: object({ ...keyFields("ConfigMap"), optional: optional("key") })
      .describe("A key of a ConfigMap.")
      .exactOptional(),
    fieldRef: object({
      fieldPath: withPattern(text({ min: 0, max: 400 }), fieldPath).describe(
        "Path of the field, such as metadata.uid.",
      ),
    })
      .describe("A field of the pod.")
      .exactOptional(),
    resourceFieldRef: object({
      resource: z
        .enum([
          "limits.cpu",
          "limits.memory",
          "limits.ephemeral-storage",
          "requests.cpu",
          "requests.memory",
          "requests.ephemeral-storage",
        ])
        .describe("The resource."),
      divisor: quantity().describe("Unit of the value. Default: 1.").exactOptional(),
    })
      .describe("A resource of the container.")
      .exactOptional(),
  }),
  exactlyOneOf("secretKeyRef", "configMapKeyRef", "fieldRef", "resourceFieldRef"),
);

const uniqueNames: Rule<readonly { name: string }[]> = {
  rule: "self.all(a, self.exists_one(b, b.name == a.name))",
  message: "must not name the same variable twice",
  isValid: (variables) => new Set(variables.map(({ name }) => name)).size === variables.length,
};

const variable = withRules(
  object({
    name: text({ max: 253 }, environmentName, notRunnerConfig).describe("Name of the variable."),
    value: text({ min: 0, max: 32_768 })
      .describe("Value of the variable; $(OTHER) is replaced by a variable defined before it.")
      .exactOptional(),
    valueFrom: variableSource.describe("Source of the value, instead of value.").exactOptional(),
  }),
  notBoth("value", "valueFrom"),
);

const sourceObject = (kind: "Secret" | "ConfigMap") =>
  object({ name: nestedName().describe(`Name of the ${kind}.`), optional: optional(kind) })
    .describe(`A ${kind} whose keys become variables.`)
    .exactOptional();

const variables = withRules(
  object({
    prefix: text({ min: 0, max: 253 }).describe("Put before each key to make the variable's name.").exactOptional(),
    secretRef: sourceObject("Secret"),
    configMapRef: sourceObject("ConfigMap"),
  }),
  exactlyOneOf("secretRef", "configMapRef"),
);

export const envSchema = withRules(list(variable, 128), uniqueNames);
export const envFromSchema = list(variables, 32);
