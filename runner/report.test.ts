import fc from "fast-check";
import { expect, test } from "vitest";
import type { RunReport } from "./contract.ts";
import { decimalUSD } from "./money.ts";
import { redactor } from "./redact.ts";
import { boundReport, jsonBytes, maxReportBytes } from "./report.ts";

const anyText = fc.oneof(
  fc.string({ unit: "binary", maxLength: 6000 }),
  fc.string({ unit: fc.constantFrom("\ud83d", "\udc00", "\u0000", '"', "\\", "é", "😀", "\u2028"), maxLength: 6000 }),
);
const usage = {
  inputTokens: Number.MAX_SAFE_INTEGER,
  outputTokens: Number.MAX_SAFE_INTEGER,
  cacheReadInputTokens: Number.MAX_SAFE_INTEGER,
  cacheCreationInputTokens: Number.MAX_SAFE_INTEGER,
};
const costUSD = "99999999999999.9999999999";

function reportOf(text: string, words: string): RunReport {
  return {
    v: 1,
    complete: true,
    reason: "AuthenticationFailed",
    message: words,
    result: {
      subtype: words,
      isError: true,
      text,
      turns: 1e9,
      durationMs: 1e12,
      apiDurationMs: 1e12,
      stopReason: words,
      costUSD,
      usage,
      models: [1, 2, 3, 4].map(() => ({ model: words, costUSD, ...usage })),
      permissionDenials: 1e9,
      exitCode: 255,
      signal: "SIGVTALRM",
      hung: true,
    },
    session: { id: words },
    resumeAfterTime: "2026-11-22T12:00:00.000Z",
    stop: { cause: "DeadlineExceeded", time: "2026-11-22T12:00:00.000Z" },
    log: { lines: Number.MAX_SAFE_INTEGER, bytes: Number.MAX_SAFE_INTEGER, sha256: "0".repeat(64) },
    progress: { turns: 1e9, lastActivityTime: "2026-11-22T12:00:00.000Z", activity: words },
  };
}

test("a report of any texts is valid JSON of at most 4,096 bytes and marks cut texts", () => {
  fc.assert(
    fc.property(anyText, anyText, (text, words) => {
      const report = boundReport(reportOf(text, words), (same) => same);
      expect(jsonBytes(report)).toBeLessThanOrEqual(maxReportBytes);
      const read = JSON.parse(JSON.stringify(report)) as RunReport;
      expect(read).toEqual(report);
      const shown = report.result.text ?? "";
      expect(text.startsWith(shown)).toBe(true);
      expect(report.result.textTruncated).toBe(shown.length < text.length);
      expect(report.result.textBytes).toBe(Buffer.byteLength(text));
      // Cut between characters, so that no surrogate pair is split.
      const [before, after] = [text.charCodeAt(shown.length - 1), text.charCodeAt(shown.length)];
      const insidePair = before >= 0xd800 && before < 0xdc00 && after >= 0xdc00 && after < 0xe000;
      expect(shown.length > 0 && shown.length < text.length && insidePair).toBe(false);
    }),
    { numRuns: 150 },
  );
});

test("a short text stays whole", () => {
  const { result } = boundReport(reportOf("Fertig: 😀", "x"), (same) => same);
  expect(result).toMatchObject({ text: "Fertig: 😀", textBytes: 12, textTruncated: false });
});

test("values of variables with secret-looking names are redacted, longest first, keys line by line", () => {
  const redact = redactor({
    A_KEY: "abcdefgh",
    B_TOKEN: "abcdefgh-and-more",
    PRIVATE_KEY: "-----BEGIN-----\nline-of-the-key\n",
    C_SECRET: "short",
    PATH: "/usr/bin:/bin",
  });
  expect(redact("abcdefgh-and-more abcdefgh short /usr/bin:/bin line-of-the-key")).toBe(
    "[redacted] [redacted] short /usr/bin:/bin [redacted]",
  );
});

test("passwords in URLs, headers and connection strings are redacted, also with JSON escapes", () => {
  const redact = redactor({
    DB_PASS: "pa55-phrase",
    SMTP_PWD: "pwd-phrase",
    BASIC_AUTH: "auth-phrase",
    SENTRY_DSN: "https://dsn-phrase@sentry.example/1",
    DATABASE_URL: "postgres://app:s3cr%3Et-pass@db.example/app",
    ANTHROPIC_CUSTOM_HEADERS: "x-team: team-phrase\nx-auth: Bearer bearer-phrase",
    STORAGE: "AccountName=public;AccountKey=storage-phrase==;Suffix=core",
    QUOTED_TOKEN: 'with"quote\\and\nnewline',
    PWD: "/work/directory",
    HARMLESS: "https://example.test/path",
  });
  const secret = [
    "pa55-phrase",
    "pwd-phrase",
    "auth-phrase",
    "dsn-phrase",
    "s3cr%3Et-pass",
    "s3cr>t-pass",
    "team-phrase",
  ];
  for (const word of [...secret, "bearer-phrase", "storage-phrase=="]) expect(redact(`<${word}>`)).not.toContain(word);
  expect(redact(JSON.stringify({ a: 'with"quote\\and\nnewline' }))).toBe('{"a":"[redacted]"}');
  const open = "/work/directory https://example.test/path AccountName=public db.example";
  expect(redact(open)).toBe(open);
});

test("with variables of a Secret, each one without a value in the spec is redacted", () => {
  const environment = {
    PLAIN: "plain-words",
    HIDDEN: "hidden-words",
    TOOLS_HOME: "/usr/bin",
    LANG: "C.UTF-8-long",
  };
  const text = "plain-words hidden-words /usr/bin C.UTF-8-long";
  expect(redactor(environment, ["PLAIN"])(text)).toBe("plain-words [redacted] /usr/bin C.UTF-8-long");
  expect(redactor(environment)(text)).toBe(text);
});

test("money has no floating-point noise", () => {
  expect([0.0006000000000000001, 1.5e-5, 0, 0.1 + 0.2, 30, 1e-12, NaN, -1].map(decimalUSD)).toEqual([
    "0.0006",
    "0.000015",
    "0",
    "0.3",
    "30",
    "0",
    undefined,
    undefined,
  ]);
});
