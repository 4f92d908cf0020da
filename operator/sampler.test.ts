import { afterEach, expect, test, vi } from "vitest";
import { eventually } from "../test/eventually.ts";
import type { Pod, Sample } from "./domain.ts";
import { Sampler } from "./sampler.ts";
import { anAdmittedRun, anEndedPod, aPodOnNode, aRunningPod } from "./testing/builders.ts";
import { recordingLog } from "./testing/recording-log.ts";

let sampler: Sampler | undefined;
afterEach(() => {
  sampler?.stop();
  vi.useRealTimers();
});

const run = anAdmittedRun("a");
const aSample = (turns: number): Sample => ({ log: { lines: turns, bytes: turns }, progress: { turns } });

interface Setting {
  readonly pods: Pod[];
  readonly read: (pod: Pod) => Promise<Sample | undefined>;
  readonly intervalMs?: number;
}

function sampling({ pods, read, intervalMs = 20 }: Setting) {
  const reads: { pod: string; atMs: number }[] = [];
  const results: string[] = [];
  const changes: string[] = [];
  const { log, written } = recordingLog();
  sampler = new Sampler({
    pods: () => pods,
    read: (pod) => {
      reads.push({ pod: pod.name, atMs: performance.now() });
      return read(pod);
    },
    onChange: ({ name }) => changes.push(name),
    onRead: (result) => results.push(result),
    log,
    intervalMs,
    tickMs: 2,
  });
  sampler.start();
  return { sampler, reads, results, changes, written };
}

test("only running pods are read, each at most once per interval", async () => {
  const pods = [aRunningPod(run), aPodOnNode(anAdmittedRun("b")), anEndedPod(anAdmittedRun("c"))];
  const startMs = performance.now();
  const { reads } = sampling({ pods, read: () => Promise.resolve(aSample(1)), intervalMs: 30 });
  await eventually("it was read three times", () => reads.length >= 3);
  expect(new Set(reads.map(({ pod }) => pod))).toEqual(new Set(["a-pod"]));
  const times = [startMs, ...reads.map(({ atMs }) => atMs)];
  for (const [index, atMs] of times.slice(1).entries()) expect(atMs - (times[index] ?? 0)).toBeGreaterThanOrEqual(29);
});

test("runs that started together are not read together: each waits a random time, up to a quarter longer", async () => {
  const pods = Array.from({ length: 12 }, (_, index) => aRunningPod(anAdmittedRun(`r${index}`)));
  // A fake clock, because a busy machine would run all due timers at once.
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] });
  const startMs = performance.now();
  const { reads } = sampling({ pods, read: () => Promise.resolve(aSample(1)), intervalMs: 400 });
  await vi.advanceTimersByTimeAsync(504);
  expect(new Set(reads.map(({ pod }) => pod)).size).toBe(pods.length);
  const waitedMs = reads.slice(0, pods.length).map(({ atMs }) => atMs - startMs);
  expect(Math.min(...waitedMs)).toBeGreaterThanOrEqual(399);
  // Twelve random moments within 100 ms: all of them within 10 ms has a probability of one in a hundred billion.
  expect(Math.max(...waitedMs) - Math.min(...waitedMs)).toBeGreaterThan(10);
});

test("only changed samples are reported, and kept while the pod runs", async () => {
  const pods = [aRunningPod(run)];
  let turns = 1;
  const { sampler, reads, changes } = sampling({ pods, read: () => Promise.resolve(aSample(turns)) });
  await eventually("it was read often", () => reads.length >= 4);
  expect(changes).toEqual(["a-pod"]);
  turns = 2;
  await eventually("the change is reported", () => changes.length === 2);
  expect(sampler.sampleOf("pod-of-a")?.progress.turns).toBe(2);
  pods.pop();
  await eventually("the sample is dropped", () => sampler.sampleOf("pod-of-a") === undefined);
});

test("at most four are read at the same time, and all in the end", async () => {
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
  await eventually("all were read", () => new Set(reads.map(({ pod }) => pod)).size === 40);
  expect(most).toBeLessThanOrEqual(4);
});

test("a log without a checkpoint, or a failed read, is no change; the pod is read again", async () => {
  let answers = 0;
  const read = (): Promise<Sample | undefined> =>
    ++answers % 2 === 0 ? Promise.resolve(undefined) : Promise.reject(new Error("the kubelet is unreachable"));
  const { changes, results, written } = sampling({ pods: [aRunningPod(run)], read });
  await eventually("it was read again", () => results.length >= 4);
  expect([...new Set(results)].toSorted()).toEqual(["error", "none"]);
  expect(changes).toEqual([]);
  expect(new Set(written.map(({ level }) => level))).toEqual(new Set([20]));
});
