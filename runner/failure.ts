/** A run that ended before claude was started. */
import type { FailureReason } from "../crds/reasons.ts";

/** Carries the reason for the report and the exit code for the container. */
export class StartFailure extends Error {
  readonly reason: FailureReason;
  readonly exitCode: number;

  constructor(reason: FailureReason, message: string, exitCode = 1) {
    super(message);
    this.reason = reason;
    this.exitCode = exitCode;
  }
}

/** "ENOENT: no such file or directory, open '/x'" or whatever else the cause says. */
export function causeOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** "ENOENT" and so on; undefined if the system did not say. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}
