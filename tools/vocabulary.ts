/** Lint rule: identifiers use one word for one thing. The glossary in CONTRIBUTING.md has the words to use. */
import type { Rule } from "eslint";

/** Retired words, each with its replacement. A word is a part of a camelCase name. */
const replacements: ReadonlyMap<string, string> = new Map([
  ["brake", "activeRunLimit"],
  ["patience", "debounce, or a timeout"],
  ["pace", "rate"],
  ["paced", "rateLimited"],
  ["hands", "deps"],
  ["surroundings", "deps, or environment"],
  ["cargo", "configMap"],
  ["announcement", "event"],
  ["torment", "chaos"],
  ["witness", "recorder"],
  ["weather", "faults"],
  ["contrary", "reversed"],
  ["scribe", "recorder"],
  ["misuse", "usageError"],
  ["departure", "detached"],
  ["gravest", "mostSevere"],
  ["readopt", "adopt"],
  ["barren", "empty"],
]);

/** Pairs of words that mean something only together. */
const pairs: ReadonlyMap<string, string> = new Map([["letGo", "ungate"]]);

interface Name {
  readonly name: string;
}

/** The advice about a name with a retired word; undefined for any other name. */
export function adviceOn(name: string): string | undefined {
  for (const [pair, use] of pairs)
    if (name.toLowerCase().includes(pair.toLowerCase())) return `"${pair}" is retired: use ${use}`;
  const words = name.split(/(?=[A-Z])|[_$#]/u).map((word) => word.toLowerCase());
  const retired = words.find((word) => replacements.has(word));
  return retired === undefined ? undefined : `"${retired}" is retired: use ${replacements.get(retired) ?? ""}`;
}

export const vocabulary: Rule.RuleModule = {
  meta: { type: "suggestion", schema: [], docs: { description: "one word for one thing" } },
  create(context) {
    const check = (node: Rule.Node & Name): void => {
      const advice = adviceOn(node.name);
      if (advice !== undefined)
        context.report({ node, message: `${node.name}: ${advice} (CONTRIBUTING.md, glossary)` });
    };
    return { Identifier: check, PrivateIdentifier: check };
  },
};
