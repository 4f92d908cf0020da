/**
 * The runner's report in the termination message, taken with care: the agent shares the runner's uid and could have
 * written anything there. What does not fit the status schema is left out, never passed on.
 */
import * as z from "zod";
import { isFailureReason, type FailureReason } from "../../crds/reasons.ts";
import { statusSchema } from "../../crds/status.ts";

/** A report that fits into a status. */
export interface Report {
  readonly complete: boolean;
  readonly reason?: "Completed" | FailureReason;
  readonly message?: string;
  readonly result: NonNullable<z.output<typeof statusSchema>["result"]>;
  readonly session?: { readonly id: string };
  readonly resumeAfterTime?: string;
  readonly stop?: { readonly cause: string; readonly time: string };
  readonly log?: NonNullable<z.output<typeof statusSchema>["log"]>;
}

const { result, session, log } = statusSchema.shape;
const count = z.int().nonnegative();

const reportSchema = z.object({
  v: z.literal(1),
  complete: z.boolean(),
  reason: z.string().optional().catch(undefined),
  message: z.string().optional().catch(undefined),
  result: z.unknown().transform((value) => salvaged(result.unwrap().shape, value)),
  session: session.unwrap().optional().catch(undefined),
  resumeAfterTime: z.iso.datetime({ offset: true }).optional().catch(undefined),
  stop: z.object({ cause: z.string(), time: z.string() }).optional().catch(undefined),
  log: log.unwrap().optional().catch(undefined),
  progress: z.object({ turns: count }).optional().catch(undefined),
});

/** The report, or undefined if there is none that can be read. */
export function parseReport(message: string | undefined): Report | undefined {
  const parsed = reportSchema.safeParse(asJson(message));
  if (!parsed.success) return undefined;
  const { complete, reason, result: said, progress, ...rest } = parsed.data;
  // claude counts its turns at its end only; the runner has counted them as they passed.
  const facts = { ...(progress === undefined ? {} : { turns: progress.turns }), ...said };
  const known = reason === "Completed" || (reason !== undefined && isFailureReason(reason)) ? reason : undefined;
  return {
    complete,
    result: complete ? facts : { ...facts, incomplete: true },
    ...(known === undefined ? {} : { reason: known }),
    ...present(rest, ["message", "session", "resumeAfterTime", "stop", "log"]),
  };
}

/** The fields that fit, one by one: a single bad one must not cost the others. */
function salvaged(shape: z.ZodRawShape, value: unknown): Report["result"] {
  if (typeof value !== "object" || value === null) return {};
  const entries = Object.entries(value).flatMap(([key, given]) => {
    const parsed = Object.hasOwn(shape, key) ? z.safeParse(shape[key] as z.ZodType, given) : undefined;
    return parsed?.success === true ? [[key, parsed.data] as const] : [];
  });
  return Object.fromEntries(entries);
}

function asJson(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? "");
  } catch {
    return undefined;
  }
}

function present<T extends object, K extends keyof T>(
  from: T,
  keys: readonly K[],
): { [P in K]?: Exclude<T[P], undefined> } {
  return Object.fromEntries(keys.filter((key) => from[key] !== undefined).map((key) => [key, from[key]])) as {
    [P in K]?: Exclude<T[P], undefined>;
  };
}
