/** The delivered log equals the written one, byte for byte, under seeded schedules of stream faults. */
import { describe, expect, it } from "vitest";
import { parseKubeconfig } from "../../kube/access.ts";
import { Connection } from "../../kube/connection.ts";
import { podLogPath } from "../paths.ts";
import { ClaudeRunApi } from "../testing/claude-run-api.ts";
import { randomBelow, claudeLine, logFault } from "../testing/random.ts";
import { KubeletLog } from "../testing/kubelet-log.ts";
import { RunnerLog } from "../testing/runner-log.ts";
import { LogCursor } from "./cursor.ts";
import { followLog } from "./follow.ts";
import type { LogEvent } from "./log-event.ts";

const schedules = Number(process.env["LOG_SEEDS"] ?? 250);

interface Played {
  readonly written: Buffer;
  readonly events: readonly LogEvent[];
  readonly cursor: LogCursor;
  readonly queries: number;
}

/** Plays one schedule to its end. `rotates`: the kubelet deletes old files while no stream is open. */
async function play(seed: number, rotates: boolean): Promise<Played> {
  const below = randomBelow(seed);
  const api = await new ClaudeRunApi().listen();
  const connection = new Connection(parseKubeconfig(api.kubeconfig()), { userAgent: "test" });
  const kubelet = new KubeletLog();
  api.logs.set("a-1", kubelet);
  kubelet.chunkBytes = 1 + below(below(2) === 0 ? 16 : 4_000);
  for (let n = below(8); n > 0; n--) kubelet.faults.push(logFault(below));
  const log = new RunnerLog(`2026-11-22T20:00:00.${String(seed % 1000).padStart(3, "0")}Z`);
  const cursor = new LogCursor();
  const events: LogEvent[] = [];
  const following = followLog({
    cursor,
    open: (query, signal) => connection.open(podLogPath("agents", "a-1"), query, signal),
    deliver: (some) => {
      events.push(...some);
      return Promise.resolve();
    },
    signal: AbortSignal.timeout(50_000),
    // Long enough that a slow stream on a busy machine does not count as dead.
    silenceMs: 1_500,
    maxDelayMs: 50,
  });
  const recordBytes = 16 + below(below(2) === 0 ? 64 : 16_384);
  let shown = 0;
  const show = (isLast = false): void => {
    for (const line of log.lines.slice(shown)) {
      for (let at = 0; at < line.length; at += recordBytes) {
        kubelet.write(line.subarray(at, at + recordBytes));
        // The cursor cannot notice a rotation after the last line; the run's status reveals it.
        if (rotates && !isLast && below(25) === 0) kubelet.rotate();
      }
    }
    shown = log.lines.length;
  };
  for (let step = 5 + below(30); step > 0; step--) {
    for (let n = below(6); n > 0; n--) log.claude(claudeLine(below));
    if (below(4) === 0) log.stderr("text on stderr");
    if (below(3) === 0) log.checkpoint();
    show();
    if (below(2) === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  // The runner writes a checkpoint after the last output, and then its last line.
  log.checkpoint();
  show();
  log.end();
  show(true);
  kubelet.finish();
  await following;
  connection.close();
  await api.close();
  return { written: log.bytes, events, cursor, queries: api.requests.length };
}

function linesOf(events: readonly LogEvent[]): Buffer {
  return Buffer.concat(events.map((event) => (event.kind === "line" ? event.line : Buffer.alloc(0))));
}

/** Plays all schedules, eight at a time, and checks each. */
async function checkAll(rotates: boolean, check: (seed: number, played: Played) => void): Promise<void> {
  for (let first = 1; first <= schedules; first += 8) {
    const seeds = Array.from({ length: Math.min(8, schedules - first + 1) }, (_, n) => first + n);
    await Promise.all(seeds.map(async (seed) => check(seed, await play(seed, rotates))));
  }
}

describe("following a log", { timeout: 300_000 }, () => {
  it(`case 41: delivers each written line once and in order, in ${schedules} schedules of faults`, async () => {
    await checkAll(false, (seed, { written, events, cursor }) => {
      expect(cursor.end, `seed ${seed}: the end is verified`).toBeDefined();
      expect(
        events.filter(({ kind }) => kind === "missing"),
        `seed ${seed}`,
      ).toEqual([]);
      expect(linesOf(events).equals(written), `seed ${seed}: byte for byte`).toBe(true);
    });
  });

  it(`reports the exact range that was rotated away, in ${schedules} schedules`, async () => {
    let losses = 0;
    await checkAll(true, (seed, { written, events, cursor }) => {
      let at = 0;
      for (const event of events) {
        if (event.kind === "unverified") continue;
        const end = event.kind === "missing" ? event.to.bytes : at + event.line.length;
        if (event.kind === "missing") {
          losses += 1;
          expect(event.from.bytes, `seed ${seed}`).toBe(at);
        } else expect(written.subarray(at, end).equals(event.line), `seed ${seed} at byte ${at}`).toBe(true);
        expect(end, `seed ${seed}`).toBeGreaterThan(at);
        at = end;
      }
      expect(at, `seed ${seed}: to the end`).toBe(written.length);
      expect(cursor.end, `seed ${seed}`).toBeDefined();
    });
    expect(losses, "some schedules lose ranges").toBeGreaterThan(schedules / 10);
  });
});
