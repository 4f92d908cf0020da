/** Fits a report into the termination message, because the kubelet cuts it at 4,096 bytes. */
import type { RunReport, RunResult } from "./contract.ts";
import { shorten, truncateEscaped } from "./truncate.ts";

/** The kubelet's limit for a termination message in bytes. */
export const maxReportBytes = 4096;
/** Limit for the result's text in a status, in bytes of JSON. */
const maxTextBytes = 2560;
const maxMessageBytes = 700;
const maxWordBytes = 128;

/** Returns the report with every text bounded and redacted: at most 4,096 bytes of JSON in UTF-8, escapes included. */
export function boundReport(report: RunReport, redact: (text: string) => string): RunReport {
  const bounded = boundWords(report, redact);
  const text = report.result.text;
  if (text === undefined) return bounded;
  const withoutText = withText(bounded, "", Buffer.byteLength(text), true);
  const room = Math.max(0, Math.min(maxTextBytes, maxReportBytes - jsonBytes(withoutText)));
  const redacted = redact(text);
  const shown = truncateEscaped(redacted, room);
  return withText(bounded, shown, Buffer.byteLength(text), shown.length < redacted.length);
}

/** Returns the length of the value as JSON in bytes of UTF-8. */
export function jsonBytes(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}

function withText(report: RunReport, text: string, textBytes: number, textTruncated: boolean): RunReport {
  return { ...report, result: { ...report.result, text, textBytes, textTruncated } };
}

function boundWords(report: RunReport, redact: (text: string) => string): RunReport {
  const word = (text: string) => shorten(redact(text), maxWordBytes);
  const { message, session, progress } = report;
  return {
    ...report,
    ...(message !== undefined && { message: shorten(redact(message), maxMessageBytes) }),
    ...(session !== undefined && { session: { id: word(session.id) } }),
    ...(progress?.activity !== undefined && { progress: { ...progress, activity: word(progress.activity) } }),
    result: boundResult(report.result, word),
  };
}

function boundResult(result: RunResult, word: (text: string) => string): RunResult {
  const { subtype, stopReason, models } = result;
  return {
    ...result,
    ...(subtype !== undefined && { subtype: word(subtype) }),
    ...(stopReason !== undefined && { stopReason: word(stopReason) }),
    ...(models !== undefined && { models: models.map((model) => ({ ...model, model: word(model.model) })) }),
  };
}
