/** One run of claude from its start to its report: what it says becomes facts, what has to be done to it is done here. */
import { ClaudeProcess, type Command } from "./claude-process.ts";
import type { RunnerConfig, RunReport } from "./contract.ts";
import { readCostState, spentBetween } from "./cost-state.ts";
import type { Ending } from "./ending.ts";
import { stringAt } from "./event.ts";
import { Facts } from "./facts.ts";
import { EventReader } from "./injected.ts";
import type { Output } from "./output.ts";
import type { Ready } from "./preflight.ts";
import { ProcessGroup } from "./process-group.ts";
import { Progress } from "./progress.ts";
import { resultOf } from "./result.ts";
import type { SpendFields } from "./spend.ts";
import { StderrTail } from "./stderr-tail.ts";
import { textOfLine, type Piece } from "./stream.ts";
import { shorten } from "./truncate.ts";
import { judge } from "./verdict.ts";
import { Watchdogs, type StopCause } from "./watchdogs.ts";

/** What a run writes to and what it may not say. */
export interface Channels {
  readonly output: Output;
  /** Overwrites the termination message. */
  readonly message: (report: RunReport) => void;
  readonly redact: (text: string) => string;
}

/** The kubelet's KILL comes at the end of the grace period: ours comes first, so that the report can be written. */
const killMarginMs = 1000;
/** How long output that claude left in the pipes may take to be read. */
const drainMs = 60_000;
const drainAfterStopMs = 700;
/** A UUID has 36. */
const maxSessionIdBytes = 128;

/** Supervises one claude. */
export class ClaudeRun {
  readonly #config: RunnerConfig;
  readonly #ready: Ready;
  readonly #channels: Channels;
  readonly #facts = new Facts();
  readonly #events = new EventReader();
  readonly #stderr = new StderrTail();
  readonly #progress: Progress;
  #group: ProcessGroup | undefined;
  #watchdogs: Watchdogs | undefined;
  #stop: RunReport["stop"];
  #ended = false;
  #lastOutputMs: number | undefined;
  #turnsReported = -1;

  constructor(config: RunnerConfig, ready: Ready, channels: Channels) {
    this.#config = config;
    this.#ready = ready;
    this.#channels = channels;
    this.#progress = new Progress(
      channels.output,
      () => ({ progress: this.#progressReport(), ...this.#sessionReport() }),
      () => channels.message(this.#report(false)),
    );
  }

  /** Runs claude to its end; throws StartFailure if it cannot be started. */
  async run(command: Command): Promise<{ ending: Ending; report: RunReport }> {
    try {
      const claude = await this.#start(command);
      const ending = await claude.ended;
      this.#ended = true;
      this.#watchdogs?.stop();
      await this.#group?.reap();
      await claude.drained(this.#stop === undefined ? drainMs : drainAfterStopMs);
      return { ending, report: await this.#finalReport(ending) };
    } finally {
      this.#watchdogs?.stop();
      this.#progress.stop();
    }
  }

  /** Passes a signal on to claude's group; KILL follows one second before the grace period ends. */
  signal(signal: NodeJS.Signals): void {
    this.#end("Signal", signal);
  }

  async #start(command: Command): Promise<ClaudeProcess> {
    const { output } = this.#channels;
    const claude = await ClaudeProcess.start(command, {
      stdout: (piece) => this.#takeStdout(piece),
      stderr: (piece) => this.#takeStderr(piece),
      chunk: () => this.#tookChunk(),
      full: () => output.full,
      ready: () => output.drained(),
    });
    this.#group = new ProcessGroup(claude.pid);
    // The clock of performance.now() begins with this process: the container's start.
    this.#watchdogs = new Watchdogs(
      this.#config,
      0,
      (cause) => this.#end(cause, "SIGTERM"),
      () => this.#channels.output.full,
    );
    this.#channels.message(this.#report(false));
    return claude;
  }

  #end(cause: StopCause, signal: NodeJS.Signals): void {
    if (this.#ended) return;
    this.#stop ??= { cause, time: new Date().toISOString() };
    const graceMs = this.#config.terminationGracePeriodSeconds * 1000;
    this.#group?.end(signal, Math.max(graceMs - killMarginMs, graceMs / 2));
    this.#channels.message(this.#report(false));
  }

  #takeStdout(piece: Piece): void {
    this.#channels.output.pass(piece);
    if (piece.kind !== "whole") return;
    for (const event of this.#events.read(textOfLine(piece.bytes))) {
      this.#facts.add(event);
      const isResult = stringAt(event, "type") === "result";
      this.#watchdogs?.sawEvent(isResult && this.#facts.backgroundTasks === 0);
      if (!isResult && this.#facts.turnsSoFar === this.#turnsReported) continue;
      this.#turnsReported = this.#facts.turnsSoFar;
      this.#progress.turnEnded();
    }
  }

  #takeStderr(piece: Piece): void {
    const text = this.#channels.redact(textOfLine(piece.bytes));
    this.#stderr.add(text);
    this.#channels.output.own({ subtype: "stderr", text, ...(piece.kind === "part" && { partial: true }) });
  }

  #tookChunk(): void {
    this.#lastOutputMs = Date.now();
    this.#watchdogs?.sawOutput();
    this.#progress.wrote();
  }

  async #finalReport(ending: Ending): Promise<RunReport> {
    const known = this.#facts.spend();
    // Written before the session file is read: reading takes time that a stopped run may not have.
    this.#channels.message(this.#report(true, ending, known));
    return this.#report(true, ending, { ...known, ...(await this.#unreportedSpend()) });
  }

  /** The session file knows what no result has said: answers after the last result, or without any. */
  async #unreportedSpend(): Promise<SpendFields> {
    const { sessionId, last, unpricedAnswer } = this.#facts;
    if (sessionId === undefined || (last !== undefined && !unpricedAnswer)) return {};
    return spentBetween(this.#ready.before, await readCostState(this.#ready.configDir, sessionId));
  }

  #report(complete: boolean, ending: Ending = {}, spend: SpendFields = this.#facts.spend()): RunReport {
    const facts = this.#facts;
    const evidence = { facts, ending, stderrLine: this.#stderr.lastMeaningful, nowMs: Date.now() };
    const result = resultOf(facts, ending, spend);
    return {
      v: 1,
      complete,
      ...(complete && judge(evidence, this.#stop, this.#config)),
      result: this.#stop?.cause === "ResultGrace" ? { ...result, hung: true } : result,
      ...this.#sessionReport(),
      ...(this.#stop !== undefined && { stop: this.#stop }),
      log: this.#channels.output.digest(),
      progress: this.#progressReport(),
    };
  }

  #sessionReport(): Pick<RunReport, "session"> {
    const { sessionId: id } = this.#facts;
    // A line of the agent's can claim any length.
    return id === undefined ? {} : { session: { id: shorten(id, maxSessionIdBytes) } };
  }

  #progressReport(): NonNullable<RunReport["progress"]> {
    const { turnsSoFar, activity } = this.#facts;
    const lastMs = this.#lastOutputMs;
    return {
      turns: turnsSoFar,
      ...(lastMs !== undefined && { lastActivityTime: new Date(lastMs).toISOString() }),
      ...(activity !== undefined && !this.#ended && { activity }),
    };
  }
}
