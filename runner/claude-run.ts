/** Supervises one claude from its start to its report: collects facts from its output and stops it when needed. */
import { ClaudeProcess, type Command } from "./claude-process.ts";
import type { RunnerConfig, RunReport } from "./contract.ts";
import { readCostState, spentBetween } from "./cost-state.ts";
import type { Ending } from "./ending.ts";
import { stringField } from "./event.ts";
import { Facts } from "./facts.ts";
import { EventReader } from "./event-reader.ts";
import type { Output } from "./output.ts";
import type { PreflightResult } from "./preflight.ts";
import { ProcessGroup } from "./process-group.ts";
import { Progress } from "./progress.ts";
import { resultOf } from "./result.ts";
import type { SpendFields } from "./spend.ts";
import { StderrTail } from "./stderr-tail.ts";
import { textOfLine, type Piece } from "./stream.ts";
import { shorten } from "./truncate.ts";
import { isHung, classifyRun } from "./classify-run.ts";
import { Watchdogs, type Grace, type StopCause } from "./watchdogs.ts";

/** Outputs of a run, and the redaction of its texts. */
export interface Channels {
  readonly output: Output;
  /** Overwrites the termination message. */
  readonly message: (report: RunReport) => void;
  readonly redact: (text: string) => string;
}

/** KILL is sent this long before the kubelet's, so that the report can be written. */
const killMarginMs = 1000;
/** Maximum time to read output that claude left in the pipes. */
const drainMs = 60_000;
const drainAfterStopMs = 700;
/** A UUID has 36 bytes. */
const maxSessionIdBytes = 128;
const maxActivityBytes = 128;

/** Supervises one claude. */
export class ClaudeRun {
  readonly #config: RunnerConfig;
  readonly #preflight: PreflightResult;
  readonly #channels: Channels;
  readonly #facts = new Facts();
  readonly #events = new EventReader();
  readonly #stderr = new StderrTail();
  readonly #progress: Progress;
  #group: ProcessGroup | undefined;
  #watchdogs: Watchdogs | undefined;
  #stop: RunReport["stop"];
  #hasEnded = false;
  #lastOutputMs: number | undefined;
  #turnsReported = -1;

  constructor(config: RunnerConfig, ready: PreflightResult, channels: Channels) {
    this.#config = config;
    this.#preflight = ready;
    this.#channels = channels;
    this.#progress = new Progress(
      channels.output,
      () => ({ progress: this.#progressReport(), ...this.#sessionReport() }),
      () => channels.message(this.#report(false)),
    );
  }

  /** Runs claude to its end. Throws StartFailure if it cannot be started. */
  async run(command: Command): Promise<{ ending: Ending; report: RunReport }> {
    try {
      const claude = await this.#start(command);
      const ending = await claude.ended;
      this.#hasEnded = true;
      this.#watchdogs?.stop();
      await this.#group?.reap();
      await claude.drained(this.#stop === undefined ? drainMs : drainAfterStopMs);
      return { ending, report: await this.#finalReport(ending) };
    } finally {
      this.#watchdogs?.stop();
      this.#progress.stop();
    }
  }

  /** Forwards a signal to claude's process group; KILL follows one second before the grace period ends. */
  signal(signal: NodeJS.Signals): void {
    this.#terminate("Signal", signal);
  }

  async #start(command: Command): Promise<ClaudeProcess> {
    const { output } = this.#channels;
    const claude = await ClaudeProcess.start(command, {
      stdout: (piece) => this.#onStdout(piece),
      stderr: (piece) => this.#onStderr(piece),
      onChunk: () => this.#onChunk(),
      isFull: () => output.isFull,
      drained: () => output.drained(),
    });
    this.#group = new ProcessGroup(claude.pid);
    // performance.now() starts with this process, that is, with the container.
    this.#watchdogs = new Watchdogs(
      this.#config,
      0,
      (cause) => this.#terminate(cause, "SIGTERM"),
      () => this.#channels.output.isFull,
    );
    this.#channels.message(this.#report(false));
    return claude;
  }

  #terminate(cause: StopCause, signal: NodeJS.Signals): void {
    if (this.#hasEnded) return;
    this.#stop ??= { cause, time: new Date().toISOString() };
    const graceMs = this.#config.terminationGracePeriodSeconds * 1000;
    this.#group?.terminate(signal, Math.max(graceMs - killMarginMs, graceMs / 2));
    this.#channels.message(this.#report(false));
  }

  #onStdout(piece: Piece): void {
    this.#channels.output.writeClaude(piece);
    if (piece.kind !== "whole") return;
    for (const event of this.#events.read(textOfLine(piece.bytes))) {
      this.#facts.add(event);
      const isResult = stringField(event, "type") === "result";
      this.#watchdogs?.recordEvent(this.#graceAfter(isResult));
      if (!isResult && this.#facts.turnsSoFar === this.#turnsReported) continue;
      this.#turnsReported = this.#facts.turnsSoFar;
      this.#progress.turnEnded();
    }
  }

  /** Returns the grace period after an answer; undefined while claude works. */
  #graceAfter(isResult: boolean): Grace | undefined {
    if (!this.#facts.isAnswered) return undefined;
    return isResult && this.#facts.backgroundTasks.length === 0 ? "ResultGrace" : "BackgroundGrace";
  }

  #onStderr(piece: Piece): void {
    const text = this.#channels.redact(textOfLine(piece.bytes));
    this.#stderr.add(text);
    this.#channels.output.writeRunnerLine({ subtype: "stderr", text, ...(piece.kind === "part" && { partial: true }) });
  }

  #onChunk(): void {
    this.#lastOutputMs = Date.now();
    this.#watchdogs?.recordOutput();
    this.#progress.outputWritten();
  }

  async #finalReport(ending: Ending): Promise<RunReport> {
    const known = this.#facts.spend();
    // Written first, because a stopped run may have no time to read the session file.
    this.#channels.message(this.#report(true, ending, known));
    return this.#report(true, ending, { ...known, ...(await this.#unreportedSpend()) });
  }

  /** Reads the spend of answers without a result from the session file. */
  async #unreportedSpend(): Promise<SpendFields> {
    const { sessionId, lastResult, hasUnpricedAnswer } = this.#facts;
    if (sessionId === undefined || (lastResult !== undefined && !hasUnpricedAnswer)) return {};
    return spentBetween(this.#preflight.costBefore, await readCostState(this.#preflight.configDir, sessionId));
  }

  #report(complete: boolean, ending: Ending = {}, spend: SpendFields = this.#facts.spend()): RunReport {
    const facts = this.#facts;
    const evidence = {
      facts,
      ending,
      stderrLine: this.#stderr.lastMeaningful,
      stderr: this.#stderr.lines,
      nowMs: Date.now(),
      baseUrl: this.#preflight.baseUrl,
    };
    const result = resultOf(facts, ending, spend);
    return {
      v: 1,
      complete,
      ...(complete && classifyRun(evidence, this.#stop, this.#config)),
      result: isHung(facts, this.#stop) ? { ...result, hung: true } : result,
      ...this.#sessionReport(),
      ...(this.#stop !== undefined && { stop: this.#stop }),
      log: this.#channels.output.digest(),
      progress: this.#progressReport(),
    };
  }

  #sessionReport(): Pick<RunReport, "session"> {
    const { sessionId: id } = this.#facts;
    // An agent's line can contain an id of any length.
    return id === undefined ? {} : { session: { id: shorten(this.#channels.redact(id), maxSessionIdBytes) } };
  }

  /** Redacts and shortens an activity, because the agent chooses the names of its tools. */
  #displayed(activity: string): string {
    return shorten(this.#channels.redact(activity), maxActivityBytes);
  }

  #progressReport(): NonNullable<RunReport["progress"]> {
    const { turnsSoFar, activity } = this.#facts;
    const lastMs = this.#lastOutputMs;
    return {
      turns: turnsSoFar,
      ...(lastMs !== undefined && { lastActivityTime: new Date(lastMs).toISOString() }),
      ...(activity !== undefined && !this.#hasEnded && { activity: this.#displayed(activity) }),
    };
  }
}
