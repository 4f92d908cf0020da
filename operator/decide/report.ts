/**
 * Parses the runner's report in the termination message. The agent has the runner's uid, so the message may contain
 * anything: values that do not match the status schema are dropped.
 */
import * as z from "zod";
import { compact } from "../../crds/json.ts";
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
  result: z.unknown().transform((value) => validFields(result.unwrap().shape, value)),
  session: session.unwrap().optional().catch(undefined),
  resumeAfterTime: z.iso.datetime({ offset: true }).optional().catch(undefined),
  stop: z.object({ cause: z.string(), time: z.string() }).optional().catch(undefined),
  log: log.unwrap().optional().catch(undefined),
  progress: z.object({ turns: count }).optional().catch(undefined),
});

/** Returns the report, or undefined if there is no readable one. */
export function parseReport(message: string | undefined): Report | undefined {
  const parsed = reportSchema.safeParse(asJson(message));
  if (!parsed.success) return undefined;
  const { complete, reason, result: reported, progress, ...rest } = parsed.data;
  // claude reports its turns at its end only, but the runner counts them during the run.
  const facts = { ...(progress === undefined ? {} : { turns: progress.turns }), ...reported };
  const known: Report["reason"] | undefined =
    reason === "Completed" || (reason !== undefined && isFailureReason(reason)) ? reason : undefined;
  return {
    complete,
    result: complete ? facts : { ...facts, incomplete: true },
    ...compact({
      reason: known,
      message: rest.message,
      session: rest.session,
      resumeAfterTime: rest.resumeAfterTime,
      stop: rest.stop,
      log: rest.log,
    }),
  };
}

/** Keeps the valid fields: an invalid one must not discard the others. */
function validFields(shape: z.ZodRawShape, value: unknown): Report["result"] {
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
