import { describe, expect, it } from "vitest";
import { simulate } from "./simulate.ts";
import { Broken } from "./objects.ts";

/** More seeds by hand: SIMULATION_SEEDS=4000 npx vitest run --project unit simulation */
const seeds = Number(process.env["SIMULATION_SEEDS"] ?? "300");

/** Generous: what a busy machine takes for as many. */
const limitMs = 120_000 + seeds * 1_000;

describe("the operator's own decide and act, under seeded faults", () => {
  it(
    `keeps invariants 1 to 3 over ${seeds} schedules with two acting replicas that freeze, die and lag`,
    async () => {
      const total = { accepted: 0, started: 0, retried: 0, ended: 0, early: 0, outages: 0, outdated: 0 };
      for (let seed = 1; seed <= seeds; seed += 1) {
        const account = await simulate(seed, { steps: 600, replicas: 2 }).catch((cause: unknown) => {
          throw new Error(`seed ${seed}: ${String(cause)}`, { cause });
        });
        total.accepted += account.accepted;
        total.started += account.started;
        total.retried += account.retried;
        total.ended += account.ended;
        total.early += account.early;
        total.outages += account.outages;
        total.outdated += account.outdated;
      }
      // A schedule in which nothing happens proves nothing.
      expect(total.accepted).toBeGreaterThan(seeds * 10);
      expect(total.started).toBeGreaterThan(seeds * 4);
      expect(total.retried).toBeGreaterThan(seeds / 8);
      expect(total.early).toBeGreaterThan(seeds / 6);
      expect(total.outages).toBeGreaterThan(seeds / 10);
      expect(total.outdated).toBeGreaterThan(seeds / 10);
    },
    limitMs,
  );

  it(
    "never has more active than the brake allows, with one replica that freezes, dies and lags, and still ends all",
    async () => {
      let started = 0;
      for (let seed = 1; seed <= seeds / 3; seed += 1) {
        const account = await simulate(seed, { steps: 600, replicas: 1, maxActiveRuns: 1 }).catch((cause: unknown) => {
          throw new Error(`seed ${seed}: ${String(cause)}`, { cause });
        });
        started += account.started;
      }
      expect(started).toBeGreaterThan(seeds / 3);
    },
    limitMs,
  );

  it(
    "ends all that was accepted with two replicas and a brake that each derives for itself",
    async () => {
      for (let seed = 1; seed <= seeds / 10; seed += 1) {
        await simulate(seed, { steps: 600, replicas: 2, maxActiveRuns: 1 }).catch((cause: unknown) => {
          throw new Error(`seed ${seed}: ${String(cause)}`, { cause });
        });
      }
    },
    limitMs,
  );

  it("finds an overlap when the look of invariant 1 is taken out", async () => {
    const found: number[] = [];
    for (let seed = 1; seed <= 400 && found.length === 0; seed += 1) {
      await simulate(seed, { steps: 600, replicas: 2, listsPods: false }).catch((error: unknown) => {
        if (!(error instanceof Broken) || !error.message.startsWith("invariant 1")) return;
        // Which rules led there is what a reader needs next.
        expect(error.message).toMatch(/"rule":"\w+/);
        found.push(seed);
      });
    }
    expect(found).not.toHaveLength(0);
  });
});
