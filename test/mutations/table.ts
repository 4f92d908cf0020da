/** Ways to break each invariant in the source, one edit each. */
import { endsAndResults } from "./ends-and-results.ts";
import { logLines } from "./log-lines.ts";
import type { Mutation } from "./mutation.ts";
import { rightsAndSecrets } from "./rights-and-secrets.ts";
import { slotAndAttempts } from "./slot-and-attempts.ts";
import { writes } from "./writes.ts";

export const mutations: readonly Mutation[] = [
  ...slotAndAttempts,
  ...endsAndResults,
  ...logLines,
  ...rightsAndSecrets,
  ...writes,
];
