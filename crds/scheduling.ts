/** spec.pod.tolerations and affinity, typed at every level so that the immutability rule sees each change. */
import * as z from "zod";
import { integer, list, mapOf, object, text } from "./fields.ts";
import { withRules, type Rule } from "./rules.ts";

const key = () => text({ max: 317 });
const value = () => text({ min: 0, max: 63 });

const tolerationMatches: Rule<{ key?: string; operator?: string; value?: string }> = {
  rule: "has(self.operator) && self.operator == 'Exists' ? !has(self.value) || self.value == '' : has(self.key) && self.key != ''",
  message: "must set key unless operator is Exists, and must not set value if it is",
  isValid: (toleration) => (toleration.operator === "Exists" ? !toleration.value : Boolean(toleration.key)),
};
const secondsNeedNoExecute: Rule<{ effect?: string; tolerationSeconds?: number }> = {
  rule: "!has(self.tolerationSeconds) || (has(self.effect) && self.effect == 'NoExecute')",
  message: "must set effect to NoExecute when tolerationSeconds is set",
  isValid: (toleration) => toleration.tolerationSeconds === undefined || toleration.effect === "NoExecute",
};

const toleration = withRules(
  object({
    key: text({ min: 0, max: 317 }).describe("Key of the taint. Empty with Exists: every taint.").exactOptional(),
    operator: z.enum(["Exists", "Equal"]).describe("Default: Equal.").exactOptional(),
    value: value().describe("Value of the taint.").exactOptional(),
    effect: z.enum(["NoSchedule", "PreferNoSchedule", "NoExecute"]).describe("Default: every effect.").exactOptional(),
    tolerationSeconds: integer(-2_147_483_648, 2_147_483_647)
      .describe("Seconds for which a NoExecute taint is tolerated. Default: forever.")
      .exactOptional(),
  }),
  tolerationMatches,
  secondsNeedNoExecute,
);

const expression = (operators: readonly [string, ...string[]]) =>
  object({
    key: key(),
    operator: z.enum(operators),
    values: list(value(), 64).exactOptional(),
  });

const nodeExpressions = () =>
  list(expression(["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"]), 16).exactOptional();
const nodeTerm = () => object({ matchExpressions: nodeExpressions(), matchFields: nodeExpressions() });
const weight = () => integer(1, 100);

const nodeAffinity = object({
  requiredDuringSchedulingIgnoredDuringExecution: object({ nodeSelectorTerms: list(nodeTerm(), 16).min(1) })
    .describe("The node must match one of the terms.")
    .exactOptional(),
  preferredDuringSchedulingIgnoredDuringExecution: list(object({ weight: weight(), preference: nodeTerm() }), 16)
    .describe("Matching nodes are preferred by weight.")
    .exactOptional(),
});

const labelSelector = () =>
  object({
    matchLabels: mapOf(value(), 16).exactOptional(),
    matchExpressions: list(expression(["In", "NotIn", "Exists", "DoesNotExist"]), 16).exactOptional(),
  }).exactOptional();
const podTerm = () =>
  object({
    topologyKey: key(),
    labelSelector: labelSelector(),
    namespaces: list(text({ max: 63 }), 16).exactOptional(),
  });

const podAffinity = (relation: string) =>
  object({
    requiredDuringSchedulingIgnoredDuringExecution: list(podTerm(), 8)
      .describe(`The pod must be scheduled ${relation} pods that match every term.`)
      .exactOptional(),
    preferredDuringSchedulingIgnoredDuringExecution: list(object({ weight: weight(), podAffinityTerm: podTerm() }), 8)
      .describe(`The pod is preferably scheduled ${relation} matching pods, by weight.`)
      .exactOptional(),
  }).exactOptional();

export const tolerationsSchema = list(toleration, 32);
export const affinitySchema = object({
  nodeAffinity: nodeAffinity.describe("Rules for nodes.").exactOptional(),
  podAffinity: podAffinity("near"),
  podAntiAffinity: podAffinity("away from"),
});
