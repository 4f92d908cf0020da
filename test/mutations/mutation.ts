/** A way to break an invariant, and the invariants. */

/** What the operator and the runner promise, by number. */
export const invariants = {
  1: "One active run per agent",
  2: "No attempt starts twice",
  3: "Every accepted run ends",
  4: "The result never depends on tailing logs",
  5: "No log line is lost, repeated or reordered",
  6: "No rights that are not used, no secret in what we write",
  7: "One function writes status, and a pass that changes nothing writes nothing",
  8: "Only act writes; decide knows neither clock nor client",
} as const;

/** One edit of the source, after which a test must fail. */
export interface Mutation {
  readonly invariant: keyof typeof invariants;
  /** What is broken, in a few words. */
  readonly breaks: string;
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly find: string;
  readonly replace: string;
}
