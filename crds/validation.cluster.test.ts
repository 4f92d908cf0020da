import * as fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { objectOf, specOf } from "./testing/example.ts";
import { badExamples } from "./testing/examples-bad.ts";
import { goodExamples } from "./testing/examples-good.ts";
import { anySpec } from "./testing/random-specs.ts";
import { parseClaudeRun } from "./parse.ts";
import { isAccepted, dryRun, testServer, type ServerResponse, type TestServer } from "./testing/server.ts";

const AT_ONCE = 10;
const RANDOM = 1000;

let server: TestServer;
beforeAll(async () => {
  server = await testServer();
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

/** Sends the objects with bounded concurrency and returns the server's answers in order. */
async function dryRunAll(objects: readonly object[]): Promise<ServerResponse[]> {
  const answers: ServerResponse[] = [];
  const queue = objects.entries();
  async function work(): Promise<void> {
    for (const [i, object] of queue) answers[i] = await server.create(object, dryRun);
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return answers;
}

/** Returns the objects on which zod and the server disagree, with both answers. */
function disagreements(objects: readonly object[], answers: readonly ServerResponse[]): string[] {
  return objects.flatMap((object, i) => {
    const answer = answers[i];
    if (answer === undefined) return [`no answer for ${JSON.stringify(object)}`];
    const parsed = parseClaudeRun(object);
    if (parsed.ok === isAccepted(answer)) return [];
    const zod = parsed.ok ? "accepted" : parsed.problems.join("; ");
    return [
      `zod: ${zod}\nserver: ${answer.status} ${answer.body.message ?? ""}\n${JSON.stringify(object).slice(0, 1500)}`,
    ];
  });
}

it("accepts every good example", async () => {
  const objects = goodExamples.map((example) => objectOf(specOf(example)));
  const answers = await dryRunAll(objects);
  expect(disagreements(objects, answers)).toEqual([]);
  expect(answers.map(({ status, body }) => (status === 201 ? "" : body.message)).filter(Boolean)).toEqual([]);
});

it("rejects every bad example for its expected reason", async () => {
  const objects = badExamples.map((example) => objectOf(specOf(example), example.name));
  const answers = await dryRunAll(objects);
  expect(disagreements(objects, answers)).toEqual([]);
  const misunderstood = badExamples.flatMap(({ title, problem, server: words = problem }, i) => {
    const message = answers[i]?.body.message ?? "";
    return message.includes(words) ? [] : [`${title}: ${words} is not in: ${message}`];
  });
  expect(misunderstood).toEqual([]);
});

it(`agrees with zod on ${RANDOM} random objects`, async () => {
  const objects = fc
    .sample(anySpec, { numRuns: RANDOM, seed: 20_260_131 })
    .map((spec, i) => objectOf(spec, `random-${i}`));
  const answers = await dryRunAll(objects);
  expect(disagreements(objects, answers)).toEqual([]);
  // The comparison needs both accepted and rejected objects.
  const good = answers.filter(isAccepted).length;
  expect(good).toBeGreaterThan(RANDOM / 10);
  expect(good).toBeLessThan((RANDOM * 9) / 10);
});
