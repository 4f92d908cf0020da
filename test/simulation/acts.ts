/** One thing that something other than the operator does to the cluster, and how often. */
import type { Random } from "./random.ts";
import type { World } from "./world.ts";

export type Act = (world: World, random: Random) => void;

/** Picks by weight. */
export function weighted(acts: readonly (readonly [number, Act])[], random: Random): Act {
  let left = random.next() * acts.reduce((sum, [weight]) => sum + weight, 0);
  for (const [weight, act] of acts) {
    left -= weight;
    if (left < 0) return act;
  }
  throw new Error("no act has a weight");
}
