/**
 * Parses a response as a ClaudeRun. A proxy, or an API server of another version, may have sent it. Fields that clients
 * read have the expected type or are undefined; unknown fields are kept.
 */
import * as z from "zod";
import type { ClaudeRun } from "../crds/claude-run.ts";
import { ApiError } from "../kube/api-error.ts";

const optionalString = z.string().optional().catch(undefined);
const optionalNumber = z.number().optional().catch(undefined);

const failure = z
  .looseObject({ reason: optionalString, message: optionalString, resumeAfterTime: optionalString })
  .optional()
  .catch(undefined);
const condition = z.looseObject({ type: z.string(), reason: optionalString, message: optionalString });
const usage = z
  .looseObject({
    inputTokens: z.number(),
    outputTokens: z.number(),
    cacheReadInputTokens: z.number(),
    cacheCreationInputTokens: z.number(),
  })
  .optional()
  .catch(undefined);
const result = z
  .looseObject({
    text: optionalString,
    subtype: optionalString,
    signal: optionalString,
    costUSD: optionalString,
    exitCode: optionalNumber,
    usage,
  })
  .optional()
  .catch(undefined);
const pod = z
  .looseObject({
    name: z.string(),
    phase: optionalString,
    node: optionalString,
    waitingReason: optionalString,
    reason: optionalString,
    message: optionalString,
  })
  .optional()
  .catch(undefined);
const status = z
  .looseObject({
    phase: optionalString,
    startTime: optionalString,
    completionTime: optionalString,
    attempt: optionalNumber,
    queuePosition: optionalNumber,
    conditions: z.array(condition).optional().catch(undefined),
    pod,
    log: z.looseObject({ bytes: optionalNumber, lines: optionalNumber }).optional().catch(undefined),
    session: z.looseObject({ id: z.string() }).optional().catch(undefined),
    result,
    failure,
  })
  .optional()
  .catch(undefined);
const runSchema = z.looseObject({
  metadata: z.looseObject({
    name: z.string().min(1),
    namespace: z.string().min(1),
    uid: z.string().min(1),
    resourceVersion: z.string().min(1),
    labels: z.record(z.string(), z.string()).optional().catch(undefined),
    annotations: z.record(z.string(), z.string()).optional().catch(undefined),
  }),
  spec: z.looseObject({ clientLeaseName: optionalString }),
  status,
});

/** Returns the response as a ClaudeRun. Throws ApiError with code 0 if it is something else. */
export function parseRun(response: unknown, request: string): ClaudeRun {
  const parsed = runSchema.safeParse(response);
  if (parsed.success) return parsed.data as unknown as ClaudeRun;
  throw new ApiError(`${request}: the response is not a ClaudeRun; check that the server is a Kubernetes API server`, {
    code: 0,
  });
}
