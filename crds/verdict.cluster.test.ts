import * as fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { objectOf, specOf } from "./example.ts";
import { badExamples } from "./examples-bad.ts";
import { goodExamples } from "./examples-good.ts";
import { anySpec } from "./mutations.ts";
import { parseClaudeRun } from "./parse.ts";
import { accepted, dryRun, testServer, type Answer, type TestServer } from "./test-server.ts";

const AT_ONCE = 10;
const RANDOM = 1000;

let server: TestServer;
beforeAll(async () => {
  server = await testServer();
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

/** The server's answers, in order, a few at a time. */
async function judged(objects: readonly object[]): Promise<Answer[]> {
  const answers: Answer[] = [];
  const queue = objects.entries();
  async function work(): Promise<void> {
    for (const [i, object] of queue) answers[i] = await server.create(object, dryRun);
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return answers;
}

/** Where zod and the server disagree, with both verdicts. */
function disagreements(objects: readonly object[], answers: readonly Answer[]): string[] {
  return objects.flatMap((object, i) => {
    const answer = answers[i];
    if (answer === undefined) return [`no answer for ${JSON.stringify(object)}`];
    const parsed = parseClaudeRun(object);
    if (parsed.ok === accepted(answer)) return [];
    const zod = parsed.ok ? "accepted" : parsed.problems.join("; ");
    return [
      `zod: ${zod}\nserver: ${answer.status} ${answer.body.message ?? ""}\n${JSON.stringify(object).slice(0, 1500)}`,
    ];
  });
}

it("accepts every good example", async () => {
  const objects = goodExamples.map((example) => objectOf(specOf(example)));
  const answers = await judged(objects);
  expect(disagreements(objects, answers)).toEqual([]);
  expect(answers.map(({ status, body }) => (status === 201 ? "" : body.message)).filter(Boolean)).toEqual([]);
});

it("refuses every bad example, for the reason that it is bad for", async () => {
  const objects = badExamples.map((example) => objectOf(specOf(example), example.name));
  const answers = await judged(objects);
  expect(disagreements(objects, answers)).toEqual([]);
  const misunderstood = badExamples.flatMap(({ says, problem, server: words = problem }, i) => {
    const message = answers[i]?.body.message ?? "";
    return message.includes(words) ? [] : [`${says}: ${words} is not in: ${message}`];
  });
  expect(misunderstood).toEqual([]);
});

it(`agrees with zod on ${RANDOM} random objects`, async () => {
  const objects = fc
    .sample(anySpec, { numRuns: RANDOM, seed: 20_260_131 })
    .map((spec, i) => objectOf(spec, `random-${i}`));
  const answers = await judged(objects);
  expect(disagreements(objects, answers)).toEqual([]);
  // The comparison is worth something only if both verdicts are common.
  const good = answers.filter(accepted).length;
  expect(good).toBeGreaterThan(RANDOM / 10);
  expect(good).toBeLessThan((RANDOM * 9) / 10);
});
