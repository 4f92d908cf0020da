/** JSON logs with constant messages and data in fields; never prompts, environment or whole objects. */
import pino from "pino";

export type Log = Pick<pino.Logger, "debug" | "info" | "warn" | "error">;

/** A synchronous logger to stderr: no line is lost when the process ends. */
export function createLog(
  level: string,
  to: pino.DestinationStream = pino.destination({ dest: 2, sync: true }),
): pino.Logger {
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime, serializers: { err: errorFields } }, to);
}

/**
 * The messages of an error and its causes, outermost first. Only unexpected errors, which are bugs, show their stack.
 */
function errorFields(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const messages: string[] = [];
  for (let at: unknown = error; at instanceof Error && messages.length < 6; at = at.cause)
    messages.push(`${at.name}: ${at.message}`);
  const isBug = ["Error", "TypeError", "RangeError", "ReferenceError", "SyntaxError"].includes(error.name);
  return { message: messages.join(" ← "), ...(isBug ? { stack: error.stack } : {}) };
}
