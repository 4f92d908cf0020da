/** claude as a child process in its own process group: prompt on stdin, both outputs read with backpressure. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { claudeMissing } from "./claude-binary.ts";
import type { Ending } from "./ending.ts";
import { causeOf, codeOf, StartFailure } from "./failure.ts";
import { LineReader, type Piece } from "./stream.ts";

export interface Command {
  readonly path: string;
  readonly args: readonly string[];
  readonly directory: string;
  readonly environment: NodeJS.ProcessEnv;
  /** Content of stdin: bytes or an open file. */
  readonly stdin: Buffer | number;
}

/** Receives the output; `drained` resolves when more may be read. */
export interface Sink {
  readonly stdout: (piece: Piece) => void;
  readonly stderr: (piece: Piece) => void;
  /** Called after every chunk of either stream. */
  readonly onChunk: () => void;
  readonly isFull: () => boolean;
  readonly drained: () => Promise<void>;
}

const maxStderrLineBytes = 256 * 1024;
/** Longest wait for silent pipes after the end; a process outside the group may keep them open forever. */
const silenceAfterEndMs = 1000;

/** A started claude. */
export class ClaudeProcess {
  readonly pid: number;
  /** Resolves when the process itself has ended; its output may not have been read yet. */
  readonly ended: Promise<Ending>;
  readonly #outputs: readonly Readable[];
  readonly #sink: Sink;
  readonly #finished: Promise<unknown>;
  #chunks = 0;

  private constructor(child: ChildProcess, pid: number, outputs: { stdout: Readable; stderr: Readable }, sink: Sink) {
    this.pid = pid;
    this.#sink = sink;
    this.#outputs = [outputs.stdout, outputs.stderr];
    this.ended = new Promise((resolve) => {
      child.once("exit", (code, signal) => resolve(signal === null ? { exitCode: code ?? 1 } : { signal }));
    });
    this.#finished = Promise.all([
      this.#read(outputs.stdout, new LineReader(), sink.stdout),
      this.#read(outputs.stderr, new LineReader(maxStderrLineBytes), sink.stderr),
    ]);
  }

  /** Throws StartFailure if the system cannot start claude. */
  static async start(command: Command, sink: Sink): Promise<ClaudeProcess> {
    const child = spawnClaude(command);
    const { pid, stdin, stdout, stderr } = child;
    if (pid === undefined || stdout === null || stderr === null) {
      const [error] = (await once(child, "error")) as unknown[];
      throw startFailure(command.path, error);
    }
    // If claude ends before it has read its prompt, its own output tells the cause.
    if (typeof command.stdin !== "number") stdin?.on("error", () => undefined).end(command.stdin);
    return new ClaudeProcess(child, pid, { stdout, stderr }, sink);
  }

  /** After the end: resolves when all output was read, the pipes are silent, or the time is up. */
  async drained(withinMs: number): Promise<void> {
    const untilMs = performance.now() + withinMs;
    let seen = -1;
    while (performance.now() < untilMs && (seen !== this.#chunks || this.#sink.isFull())) {
      seen = this.#chunks;
      const waitMs = Math.min(silenceAfterEndMs, Math.max(0, untilMs - performance.now()));
      const timer = new AbortController();
      const silence = delay(waitMs, false, { signal: timer.signal }).catch(() => false);
      const done = await Promise.race([this.#finished.then(() => true), silence]);
      timer.abort();
      if (done) return;
    }
    for (const output of this.#outputs) output.destroy();
    await this.#finished;
  }

  async #read(stream: Readable, lines: LineReader, take: (piece: Piece) => void): Promise<void> {
    stream.on("data", (chunk: Buffer) => {
      this.#chunks++;
      lines.push(chunk).forEach(take);
      this.#sink.onChunk();
      if (this.#sink.isFull()) this.#pause(stream);
    });
    // A read error ends the stream too: "close" follows in any case.
    stream.on("error", () => undefined);
    await new Promise((resolve) => stream.once("close", resolve));
    lines.end().forEach(take);
  }

  #pause(stream: Readable): void {
    stream.pause();
    void this.#sink.drained().then(() => stream.resume());
  }
}

function spawnClaude(command: Command): ChildProcess {
  try {
    return spawn(command.path, command.args, {
      cwd: command.directory,
      env: command.environment,
      stdio: [typeof command.stdin === "number" ? command.stdin : "pipe", "pipe", "pipe"],
      // A process group of its own, so that signals reach claude's children.
      detached: true,
    });
  } catch (error) {
    throw startFailure(command.path, error);
  }
}

function startFailure(path: string, error: unknown): StartFailure {
  if (codeOf(error) === "E2BIG") {
    return new StartFailure(
      "ClaudeStartFailed",
      "an argument exceeds the system's limit of 128 KiB: use appendSystemPromptFile, settingsFrom or mcpConfigFrom",
    );
  }
  return claudeMissing(
    `${path} does not start (${causeOf(error)}): install the Claude Code CLI for this image and architecture`,
  );
}
