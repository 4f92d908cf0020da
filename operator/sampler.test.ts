import { afterEach, expect, test } from "vitest";
import { eventually } from "../test/eventually.ts";
import type { Pod, Sample } from "./domain.ts";
import { Sampler } from "./sampler.ts";
import { anAdmittedRun, anEndedPod, aPodOnNode, aRunningPod } from "./testing/builders.ts";
import { recordingLog } from "./testing/recording-log.ts";

let sampler: Sampler | undefined;
afterEach(() => sampler?.stop());

const run = anAdmittedRun("a");
const says = (turns: number): Sample => ({ log: { lines: turns, bytes: turns }, progress: { turns } });

interface Setting {
  readonly pods: Pod[];
  readonly read: (pod: Pod) => Promise<Sample | undefined>;
  readonly intervalMs?: number;
}

function sampling({ pods, read, intervalMs = 20 }: Setting) {
  const reads: { pod: string; atMs: number }[] = [];
  const results: string[] = [];
  const news: string[] = [];
  const { log, written } = recordingLog();
  sampler = new Sampler({
    pods: () => pods,
    read: (pod) => {
      reads.push({ pod: pod.name, atMs: performance.now() });
      return read(pod);
    },
    onNews: ({ name }) => news.push(name),
    onRead: (result) => results.push(result),
    log,
    intervalMs,
    tickMs: 2,
  });
  sampler.start();
  return { sampler, reads, results, news, written };
}

test("only pods that run are asked, none sooner than an interval after the last time", async () => {
  const pods = [aRunningPod(run), aPodOnNode(anAdmittedRun("b")), anEndedPod(anAdmittedRun("c"))];
  const startMs = performance.now();
  const { reads } = sampling({ pods, read: () => Promise.resolve(says(1)), intervalMs: 30 });
  await eventually("it was asked three times", () => reads.length >= 3);
  expect(new Set(reads.map(({ pod }) => pod))).toEqual(new Set(["a-pod"]));
  const times = [startMs, ...reads.map(({ atMs }) => atMs)];
  for (const [index, atMs] of times.slice(1).entries()) expect(atMs - (times[index] ?? 0)).toBeGreaterThanOrEqual(29);
});

test("runs that began together are not asked together: each waits up to a quarter longer, by chance", async () => {
  const pods = Array.from({ length: 12 }, (_, index) => aRunningPod(anAdmittedRun(`r${index}`)));
  const startMs = performance.now();
  const { reads } = sampling({ pods, read: () => Promise.resolve(says(1)), intervalMs: 400 });
  await eventually("each was asked", () => new Set(reads.map(({ pod }) => pod)).size === pods.length);
  const waitedMs = reads.slice(0, pods.length).map(({ atMs }) => atMs - startMs);
  expect(Math.min(...waitedMs)).toBeGreaterThanOrEqual(399);
  // Twelve by chance within 100 ms, looked for every 2: all within 10 ms has a chance of one in a hundred billion.
  expect(Math.max(...waitedMs) - Math.min(...waitedMs)).toBeGreaterThan(10);
});

test("only what is new is told, and kept until the pod runs no more", async () => {
  const pods = [aRunningPod(run)];
  let turns = 1;
  const { sampler, reads, news } = sampling({ pods, read: () => Promise.resolve(says(turns)) });
  await eventually("it was asked often", () => reads.length >= 4);
  expect(news).toEqual(["a-pod"]);
  turns = 2;
  await eventually("the news is told", () => news.length === 2);
  expect(sampler.sampleOf("pod-of-a")?.progress.turns).toBe(2);
  pods.pop();
  await eventually("it is forgotten", () => sampler.sampleOf("pod-of-a") === undefined);
});

test("few are asked at the same time, and all in the end", async () => {
  const pods = Array.from({ length: 40 }, (_, index) => aRunningPod(anAdmittedRun(`r${index}`)));
  let inFlight = 0;
  let most = 0;
  const { reads } = sampling({
    pods,
    read: async () => {
      most = Math.max(most, ++inFlight);
      await new Promise((resolve) => setImmediate(resolve));
      inFlight -= 1;
      return undefined;
    },
  });
  await eventually("all were asked", () => new Set(reads.map(({ pod }) => pod)).size === 40);
  expect(most).toBeLessThanOrEqual(4);
});

test("a log that cannot be read, or has no checkpoint, is no news; it is asked again", async () => {
  let answers = 0;
  const read = (): Promise<Sample | undefined> =>
    ++answers % 2 === 0 ? Promise.resolve(undefined) : Promise.reject(new Error("the kubelet is away"));
  const { news, results, written } = sampling({ pods: [aRunningPod(run)], read });
  await eventually("it was asked again", () => results.length >= 4);
  expect([...new Set(results)].toSorted()).toEqual(["error", "none"]);
  expect(news).toEqual([]);
  expect(new Set(written.map(({ level }) => level))).toEqual(new Set([20]));
});
