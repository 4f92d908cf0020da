/** Where the lines of a log go: claude's as they are, its stderr apart, the runner's own hidden, a loss told. */
import { runnerLineOf } from "./anchor.ts";
import type { LogEvent } from "./log-event.ts";

/** Hosts shorten long chunks; below this they keep them whole. */
const maxChunkLength = 32_768;

/** Takes what a log says. */
export interface LogSink {
  readonly onLog: (stream: "stdout" | "stderr", chunk: string) => Promise<void>;
  /** Reads along, line by line. */
  readonly transcript: { read(line: string): void; readStderr(text: string): void };
}

/** Hands events on, in order; chunks of stdout are whole lines. */
export async function deliver(events: readonly LogEvent[], { onLog, transcript }: LogSink): Promise<void> {
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
      await onLog(
        "stderr",
        `[clauderun] bytes ${from.bytes} to ${to.bytes} of the log are missing (lines ${from.lines} to ${to.lines}): the kubelet has rotated them away\n`,
      );
      continue;
    }
    const own = runnerLineOf(event.line);
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
