/** A failure before the start of claude. */
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

/** Returns an error's message, such as "ENOENT: no such file or directory, open '/x'". */
export function causeOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Returns a system error's code, such as "ENOENT"; undefined without a code. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}
