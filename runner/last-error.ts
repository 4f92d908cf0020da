/** The last API error of a run: status, the CLI's names for it, and its text. */
import type { Facts } from "./facts.ts";
import { matchedPart } from "./api-errors.ts";

/** The error of the newest result and of the answer that it repeats. */
export interface LastError {
  /** HTTP status; undefined if the API did not answer or the CLI does not report it. */
  readonly status: number | undefined;
  /** The CLI's own names for the error, such as `rate_limit` or `tool_history_mismatch`. */
  readonly names: ReadonlySet<string>;
  /** Text of the error; empty if the model wrote the text. */
  readonly text: string;
}

const noError: LastError = { status: undefined, names: new Set(), text: "" };

/** Returns the last error; empty for a run without a result or with a result that is no error. */
export function lastErrorOf({ lastResult, lastAnswer }: Facts): LastError {
  if (lastResult?.isError !== true) return noError;
  const names = [lastAnswer?.error, lastAnswer?.apiError, lastResult.apiError].filter((name) => name !== undefined);
  // Text of the model, for example about credit balances, is no API error.
  const isModelText = lastAnswer !== undefined && lastAnswer.error === undefined && lastAnswer.text === lastResult.text;
  const text = isModelText ? "" : matchedPart(lastResult.text ?? "");
  return { status: lastResult.apiErrorStatus ?? lastAnswer?.status ?? statusIn(text), names: new Set(names), text };
}

/** Parses "API Error: 400 …", because older CLIs and gateways omit the field. */
function statusIn(words: string): number | undefined {
  const digits = /^API Error(?: \([^)\n]{1,100}\))?: (?:Request rejected \()?([45]\d\d)\b/u.exec(words)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** True for a status that a retry would get again. */
export function isPermanent(status: number | undefined): boolean {
  return status !== undefined && status >= 400 && status < 500 && ![408, 409, 425, 429].includes(status);
}
