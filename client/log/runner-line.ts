/**
 * Parses the runner's own lines on stdout. The agent runs under the runner's uid and can write to the same stream, so a
 * line that only looks like the runner's is Claude's output: it is passed on and never trusted.
 */
import * as z from "zod";
import { sessionId } from "../../crds/formats.ts";
import { statusLimits, statusSchema } from "../../crds/status.ts";
import type { RunReport, RunnerLine } from "../../runner/contract.ts";

const prefix = Buffer.from('{"type":"runner",');
/** The runner's longest line is a report of 4 KiB or one line of stderr, so a much longer line is not the runner's. */
const maxLineBytes = 1_048_576;
const maxMessage = 4_096;

const count = z.int().nonnegative();
const seq = z.int().positive();
const optionalText = z.string().max(128).optional().catch(undefined);
/** A newer runner may have more reasons, so only the form is checked. */
const reason = z
  .string()
  .regex(/^[A-Z][A-Za-z0-9]{0,63}$/)
  .optional()
  .catch(undefined);
const session = z
  .object({ id: z.string().max(128).refine(sessionId.isValid) })
  .optional()
  .catch(undefined);
const log = z.object({ lines: count, bytes: count, sha256: z.string().regex(/^[0-9a-f]{64}$/) });

const report = z.object({
  v: z.literal(1),
  complete: z.boolean(),
  reason,
  message: z
    .string()
    .transform((text) => text.slice(0, maxMessage))
    .optional()
    .catch(undefined),
  result: z.unknown().transform(parseResult),
  session,
  resumeAfterTime: z.iso.datetime({ offset: true }).optional().catch(undefined),
  stop: z
    .object({ cause: z.string().max(statusLimits.word), time: z.string().max(64) })
    .optional()
    .catch(undefined),
  log,
});

const own = z.literal("runner");
const line = z.discriminatedUnion("subtype", [
  z.object({ type: own, subtype: z.literal("start"), seq: z.literal(1), v: z.literal(1), time: optionalText }),
  z.object({
    type: own,
    subtype: z.literal("stderr"),
    seq,
    text: z.string(),
    partial: z.literal(true).optional().catch(undefined),
  }),
  z.object({ type: own, subtype: z.literal("checkpoint"), seq, log, time: optionalText, session }),
  z.object({ type: own, subtype: z.literal("end"), seq, report, time: optionalText }),
]);

/** Returns the parsed line, or undefined if it is not a valid line of the runner. Never throws. */
export function parseRunnerLine(bytes: Buffer): RunnerLine | undefined {
  if (bytes.length > maxLineBytes || !bytes.subarray(0, prefix.length).equals(prefix)) return undefined;
  try {
    const parsed = line.safeParse(JSON.parse(bytes.toString()));
    // The schema is wider than the types for progress and words, which no client reads.
    return parsed.success ? (parsed.data as unknown as RunnerLine) : undefined;
  } catch {
    return undefined;
  }
}

/** Returns the valid fields of a result. Each is checked alone: an invalid one must not discard the others. */
function parseResult(given: unknown): RunReport["result"] {
  if (typeof given !== "object" || given === null) return {};
  const { shape } = statusSchema.shape.result.unwrap();
  const kept = Object.entries(given).flatMap(([key, value]) => {
    if (!Object.hasOwn(shape, key)) return [];
    const parsed = z.safeParse(shape[key as keyof typeof shape] as z.ZodType, value);
    return parsed.success ? [[key, parsed.data] as const] : [];
  });
  return Object.fromEntries(kept);
}
