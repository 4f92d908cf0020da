/** Each rule of styles/ClaudeRun fails on its bad sentences and passes the good ones; Vale runs once for all. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { runVale, type Finding } from "./run-vale.ts";
import type { Kind } from "./scopes.ts";
import type { Text } from "./text.ts";

const twentyFive = "one two three four five ".repeat(5).trim();

interface Cases {
  readonly bad: readonly string[];
  readonly good: readonly string[];
}

const rules: Readonly<Record<string, Cases>> = {
  Actors: {
    bad: ["It ends when somebody deletes it.", "Nobody reads the log."],
    good: ["It ends when a user deletes it."],
  },
  FirstPerson: {
    bad: ["We create the Job.", "This label is ours."],
    good: ["The operator creates the Job.", "The US region is the default."],
  },
  FrontedObjects: {
    bad: [
      "Forgotten is nothing.",
      "So many finished runs of an agent are kept.",
      "Never is a pod started twice.",
      "With it comes a Job.",
    ],
    good: [
      "Finished runs kept per agent.",
      "A pod is never started twice.",
      "That operator is older.",
      "So the pod waits.",
    ],
  },
  NounClauses: {
    bad: ["What was ungated counts.", "Who installs it reads this page.", "Here what ends is what began."],
    good: ["An ungated pod counts.", "What is a run?", "What to do:", "The page says what a run is."],
  },
  NounWhat: {
    bad: ["The end of what a program wrote.", "In the words of who saw it."],
    good: ["The end of the output.", "Look at what the log says."],
  },
  OldWords: {
    bad: ["It is listed anew.", "The Job beside the pod.", "It gives the results up.", "You look in vain."],
    good: [
      "It is listed again.",
      "The Job next to the pod.",
      "It loses the results.",
      "Bear in mind that it restarts.",
    ],
  },
  PlainWords: {
    bad: ["Use a label, e.g. this one.", "Do it prior to an upgrade."],
    good: ["Use a label, for example this one.", "Do it before an upgrade."],
  },
  RetiredWords: {
    bad: ["The pod is let go.", "The brake holds it.", "The API server refused the pod.", "The run's cargo is gone."],
    good: ["The pod is ungated.", "The API server rejected the pod.", "connection refused", "The model refused."],
  },
  SentenceLength: {
    bad: [`${twentyFive} six.`, `The operator waits. ${twentyFive} six.`],
    good: [`${twentyFive}.`, `${twentyFive}. ${twentyFive}.`],
  },
  Stands: {
    bad: ["The address stands in the Secret.", "They stand in the file."],
    good: [
      "The address is in the Secret.",
      "NAME stands for the run.",
      "A stand-in answers.",
      "The other replica stands by.",
    ],
  },
};

const cases = Object.entries(rules).flatMap(([rule, { bad, good }]) => [
  ...bad.map((sentence) => ({ rule, sentence, isBad: true })),
  ...good.map((sentence) => ({ rule, sentence, isBad: false })),
]);

let findings: Finding[] = [];

// The first run on a machine builds Vale.
beforeAll(() => {
  const inputs = new Map(cases.map(({ sentence }, index) => [String(index), [textOf("messages", sentence)]]));
  inputs.set("comment", [textOf("comments", `${twentyFive} six.`)]);
  inputs.set("page", [textOf("pages", "| a | b |", "| - | - |", "| c | It stands here. |")]);
  findings = runVale(inputs);
}, 900_000);

function textOf(kind: Kind, ...lines: readonly string[]): Text {
  return { kind, lines: lines.map((text, index) => ({ text, line: index + 1 })) };
}

const rulesOf = (file: string): string[] => findings.filter((finding) => finding.file === file).map(({ rule }) => rule);

describe.each(cases.map((each, index) => ({ ...each, file: String(index) })))(
  "$rule",
  ({ rule, sentence, isBad, file }) => {
    it(`${isBad ? "finds" : "passes"}: ${sentence.slice(0, 60)}`, () => {
      if (isBad) expect(rulesOf(file)).toContain(`ClaudeRun.${rule}`);
      else expect(rulesOf(file)).toEqual([]);
    });
  },
);

it("every rule has cases", () => {
  const files = readdirSync(join(import.meta.dirname, "styles/ClaudeRun"));
  expect(Object.keys(rules)).toEqual(files.map((file) => file.replace(".yml", "")).sort());
});

it("sentences in comments may be long", () => {
  expect(rulesOf("comment")).toEqual([]);
});

it("a finding in the cell of a table has the line of its row", () => {
  expect(findings.filter(({ file }) => file === "page")).toEqual([
    expect.objectContaining({ line: 3, kind: "pages", rule: "ClaudeRun.Stands" }),
  ]);
});
