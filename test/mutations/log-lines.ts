/** Invariant 5: log lines, from the runner to the reader. */
import type { Mutation } from "./mutation.ts";

const log = "client/log";

export const logLines: readonly Mutation[] = [
  {
    invariant: 5,
    breaks: "an unterminated last line is dropped",
    file: "runner/stream.ts",
    find: "return this.#bufferedBytes > 0 || this.#isOverlong ? [this.#take(true)] : [];",
    replace: "return [];",
  },
  {
    invariant: 5,
    breaks: "runner lines break into long lines",
    file: "runner/output.ts",
    find: "if (this.#isInsideLine) this.#deferredLines.push(line);\n    else this.#appendRunnerLine(line);",
    replace: "this.#appendRunnerLine(line);",
  },
  {
    invariant: 5,
    breaks: "the digest does not count lines",
    file: "runner/output.ts",
    find: "    this.#lines++;\n    for",
    replace: "    for",
  },
  {
    invariant: 5,
    breaks: "a replay is delivered again",
    file: `${log}/cursor.ts`,
    find: "if (this.#next.bytes < this.#delivered.position.bytes) {",
    replace: "if (this.#next.bytes < 0) {",
  },
  {
    invariant: 5,
    breaks: "lines overtake those that wait for proof",
    file: `${log}/cursor.ts`,
    find: "if (this.#unverifiedLines.length > 0 || !isJsonLine(line)) this.#unverifiedLines.push(line);",
    replace: "if (!isJsonLine(line)) this.#unverifiedLines.push(line);",
  },
  {
    invariant: 5,
    breaks: "lines that waited for proof are dropped",
    file: `${log}/cursor.ts`,
    find: "    for (const each of this.#unverifiedLines.take()) this.#delivered.add(each, events);\n    this.#rereads = 0;",
    replace: "    this.#unverifiedLines.take();\n    this.#rereads = 0;",
  },
  {
    invariant: 5,
    breaks: "half a line is kept when its stream breaks off",
    file: `${log}/cursor.ts`,
    find: "    this.#partialLine = new PartialLine();\n    this.#unplacedLines = new LineQueue();",
    replace: "    this.#unplacedLines = new LineQueue();",
  },
  {
    invariant: 5,
    breaks: "the kubelet's words are believed",
    file: `${log}/anchor.ts`,
    find: "return line[0] === 123 && line[end] === 125;",
    replace: "return line[0] === 123 || line[end] !== 125;",
  },
  {
    invariant: 5,
    breaks: "a stream is believed whatever its digest says",
    file: `${log}/delivered.ts`,
    find: '    for (const line of lines) hash.update(line);\n    return hash.digest("hex") === anchor.sha256;',
    replace: '    for (const line of lines) hash.update(line);\n    return hash.digest("hex") !== "";',
  },
  {
    invariant: 5,
    breaks: "a range that was rotated away is not told",
    file: `${log}/delivered.ts`,
    find: '    events.push({ kind: "missing", from: this.#position, to });\n',
    replace: "",
  },
  {
    invariant: 5,
    breaks: "a stream that breaks off is not opened again",
    file: `${log}/follow.ts`,
    find: "while (!signal.aborted && !cursor.isComplete && emptyReads < maxEmptyReads) {",
    replace: "if (!signal.aborted && !cursor.isComplete && emptyReads < maxEmptyReads) {",
  },
  {
    invariant: 5,
    breaks: "claude's stderr overtakes its stdout",
    file: `${log}/sink.ts`,
    find: "      await flush();\n      transcript.readStderr(own.text);",
    replace: "      transcript.readStderr(own.text);",
  },
];
