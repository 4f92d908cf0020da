/** Delivers log events: claude's lines unchanged, its stderr separately, a warning for each gap, no runner's lines. */

import type { LogEvent } from "./log-event.ts";
import { parseRunnerLine } from "./runner-line.ts";

/** Hosts truncate longer chunks. */
const maxChunkLength = 32_768;

/** Receives the content of a log. */
export interface LogSink {
  /** Receives whole lines, or parts of a very long one. Reading pauses until the promise resolves. */
  readonly onLog: (stream: "stdout" | "stderr", chunk: string) => Promise<void>;
  /** Receives a message, without a trailing period, about missing or unverified bytes. */
  readonly onWarning: (message: string) => void | Promise<void>;
  /** Receives every line as well. */
  readonly transcript: { read(line: string): void; readStderr(text: string): void };
}

/** Delivers the events in order. Rejects only if the sink does. */
export async function deliver(events: readonly LogEvent[], sink: LogSink): Promise<void> {
  const { onLog, transcript } = sink;
  let stdout = "";
  const flush = async (): Promise<void> => {
    const chunk = stdout;
    stdout = "";
    if (chunk !== "") await onLog("stdout", chunk);
  };
  for (const event of events) {
    if (event.kind === "missing") {
      await flush();
      const { from, to } = event;
      await sink.onWarning(
        `bytes ${from.bytes} to ${to.bytes} of the log are missing (lines ${from.lines} to ${to.lines}): the kubelet rotated them away`,
      );
      continue;
    }
    if (event.kind === "unverified") {
      await flush();
      const { from, to } = event;
      await sink.onWarning(
        `bytes ${from.bytes} to ${to.bytes} of the log are unverified (lines ${from.lines} to ${to.lines}): no checkpoint covers them`,
      );
      continue;
    }
    if (event.isPart === true) {
      await flush();
      await deliverPart(event.line, onLog);
      continue;
    }
    const own = event.isForged === true ? undefined : parseRunnerLine(event.line);
    if (own === undefined) {
      const line = event.line.toString();
      transcript.read(line);
      if (stdout.length + line.length > maxChunkLength) await flush();
      stdout += line;
    } else if (own.subtype === "stderr") {
      await flush();
      transcript.readStderr(own.text);
      await onLog("stderr", own.partial === true ? own.text : `${own.text}\n`);
    }
  }
  await flush();
}

/** Delivers a part of a line in chunks that hosts do not truncate. */
async function deliverPart(bytes: Buffer, onLog: LogSink["onLog"]): Promise<void> {
  const text = bytes.toString().toWellFormed();
  for (let at = 0; at < text.length;) {
    const end = at + maxChunkLength;
    // A cut must not separate the halves of a surrogate pair.
    const isPair = /[\uD800-\uDBFF]/.test(text[end - 1] ?? "") && end < text.length;
    const next = isPair ? end - 1 : end;
    await onLog("stdout", text.slice(at, next));
    at = next;
  }
}
