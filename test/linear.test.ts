/**
 * Text of agents, APIs, registries and files that was made to be slow to read. With these lengths a scanner that begins
 * again at each character takes minutes, and one that reads each once takes milliseconds.
 */
import { expect, test } from "vitest";
import { Transcript } from "../client/transcript.ts";
import { agentName, labelValue, runName } from "../adapter/spec/names.ts";
import { storableText } from "../adapter/storable.ts";
import { entryText } from "../adapter/ui/format-event.ts";
import { parseStdoutLine } from "../adapter/ui/parse-stdout.ts";
import { labelValue as labelRule, quantityFormat, spentDollars } from "../crds/formats.ts";
import { printable } from "../kube/choice.ts";
import { bearer } from "../kube/headers.ts";
import { tlsOptions } from "../kube/tls.ts";
import { limitToRaise } from "../operator/decide/own-limit.ts";
import { parseRejection } from "../operator/decide/rejection.ts";
import { attemptName } from "../operator/plan/names.ts";
import { newestCheckpoint } from "../operator/kubernetes/checkpoint.ts";
import { metadataOfCut } from "../kube/watch.ts";
import * as words from "../runner/api-errors.ts";
import { parseObject } from "../runner/event.ts";
import { withoutKubectlPrefix } from "../runner/log-lines.ts";
import { redactor } from "../runner/redact.ts";
import { resetTimeInText } from "../runner/reset-time.ts";
import { shorten, truncateEscaped } from "../runner/truncate.ts";

const length = 200_000;
/** Far above the time of one linear reading on a busy machine, far below that of a quadratic one. */
const mostMs = 20_000;
const seeds = [
  ...Array.from(' -.,:/0aA("{[\n\t\u200d\u{1f98a}'),
  "failed quota: ",
  "-----BEGIN CERTIFICATE-----",
  "minimum ",
  "denied ",
  "exceed limit of ",
  "tool_use thinking blocks ",
  "model session resets Jan 1, ",
  '{"status":"',
  '"metadata":{',
  "token=",
  "[pod/",
  "http://a:b@",
  '{"type":"runner","subtype":"checkpoint"',
  "a\u0301 ",
];
const phrases = Object.values(words).filter((each): each is RegExp[] => Array.isArray(each));
const redact = redactor({ TOKEN: "a-secret-that-is-long", URL: "http://user:password-of-it@host" });
const certificate = { cert: "", key: "", serverName: "", isInsecure: false, subject: "test" };

const readers: Readonly<Record<string, (text: string) => unknown>> = {
  agentName,
  labelValue,
  runName: (text) => runName(text, text),
  storableText,
  transcript: (text) => {
    new Transcript().read(text);
  },
  parseStdoutLine: (text) => parseStdoutLine(text, ""),
  wordsOf: (text) => entryText({ kind: "stdout", ts: "", text: `"rate_limit_event"${text}` }),
  "crds' formats": (text) => [labelRule, quantityFormat, spentDollars].map(({ isValid }) => isValid(text)),
  printable,
  bearer,
  tlsOptions: (text) => tlsOptions({ ...certificate, ca: text }),
  limitToRaise,
  parseRejection,
  attemptName: (text) => attemptName({ name: text, uid: text }, 1),
  newestCheckpoint,
  metadataOfCut,
  means: (text) => phrases.map((each) => words.matchesAny(text, each)),
  parseObject,
  withoutKubectlPrefix,
  redact,
  resetTimeInText: (text) => resetTimeInText(text, 0),
  shorten: (text) => shorten(text, 200),
  truncateEscaped: (text) => truncateEscaped(text, 200),
};

function read(reader: (text: string) => unknown, text: string): void {
  try {
    reader(text);
  } catch (error) {
    // Whether it is taken is for other tests.
    expect(error).toBeInstanceOf(Error);
  }
}

test.each(Object.entries(readers))(
  "%s reads each character a bounded number of times",
  (_, reader) => {
    for (const seed of seeds) {
      const row = seed.repeat(length / seed.length);
      for (const text of [row, `${row}!`, `a${row}b`]) {
        const startedMs = performance.now();
        read(reader, text);
        expect({ seed, ms: Math.max(mostMs, performance.now() - startedMs) }).toEqual({ seed, ms: mostMs });
      }
    }
  },
  120_000,
);
