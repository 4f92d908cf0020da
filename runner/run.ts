/** The container's main: configuration, preflight, claude, report. */
import { closeSync } from "node:fs";
import { claudeArguments } from "./argv.ts";
import { ClaudeRun, type Channels } from "./claude-run.ts";
import { readConfig } from "./config.ts";
import type { RunnerConfig, RunReport } from "./contract.ts";
import { shellExitCode } from "./ending.ts";
import { StartFailure } from "./failure.ts";
import { Output } from "./output.ts";
import { preflight } from "./preflight.ts";
import { redactor } from "./redact.ts";
import { boundReport } from "./report.ts";
import { writeStdout } from "./stdout.ts";
import { defaultTerminationLog, TerminationMessage } from "./termination-message.ts";

interface Outcome {
  readonly exitCode: number;
  readonly report: RunReport;
}

/** What would end this process, or be ignored if it is PID 1, has to end claude first. */
const forwardedSignals = ["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT"] as const;
/** How long a log that nobody reads on may hold up the end; the termination message is written by then. */
const flushMs = 30_000;
/** The same for a run that was ended: the kubelet's KILL is near. */
const flushAfterStopMs = 500;

/** Runs claude as RUNNER_CONFIG says; resolves to the container's exit code: claude's own, or 128 + signal. */
export async function run(environment: NodeJS.ProcessEnv): Promise<number> {
  const output = new Output(writeStdout);
  const redact = redactor(environment);
  const message = new TerminationMessage(environment["TERMINATION_LOG"] ?? defaultTerminationLog);
  const bound = (report: RunReport) => boundReport(report, redact);
  const channels: Channels = { output, redact, message: (report) => message.write(JSON.stringify(bound(report))) };
  output.own({ subtype: "start", v: 1, time: new Date().toISOString() });

  const outcome = await runOrExplain(environment, channels);
  const report = bound({ ...outcome.report, log: output.digest() });
  message.finish(JSON.stringify(report));
  output.own({ subtype: "end", time: new Date().toISOString(), report });
  await flush(output, report.stop === undefined ? flushMs : flushAfterStopMs);
  return outcome.exitCode;
}

async function runOrExplain(environment: NodeJS.ProcessEnv, channels: Channels): Promise<Outcome> {
  const signals = new SignalForwarder();
  try {
    const config = readConfig(environment["RUNNER_CONFIG"]);
    const { ending, report } = await runClaude(config, environment, channels, signals);
    return { exitCode: shellExitCode(ending), report };
  } catch (error) {
    if (!(error instanceof StartFailure)) throw error;
    return { exitCode: error.exitCode, report: failureReport(error, channels.output) };
  } finally {
    signals.stop();
  }
}

async function runClaude(
  config: RunnerConfig,
  environment: NodeJS.ProcessEnv,
  channels: Channels,
  signals: SignalForwarder,
): ReturnType<ClaudeRun["run"]> {
  const ready = await preflight(config, environment);
  const claude = new ClaudeRun(config, ready, channels);
  const running = claude.run({
    path: ready.claudePath,
    args: claudeArguments(config, ready.resume),
    directory: config.workingDirectory,
    environment,
    stdinFd: ready.promptFd,
  });
  closeSync(ready.promptFd);
  signals.forwardTo((signal) => claude.signal(signal));
  return running;
}

function failureReport(failure: StartFailure, output: Output): RunReport {
  const { reason, message } = failure;
  return { v: 1, complete: true, reason, message, result: {}, log: output.digest() };
}

/** Keeps a signal that comes before claude does. */
class SignalForwarder {
  #target: ((signal: NodeJS.Signals) => void) | undefined;
  #early: NodeJS.Signals | undefined;
  readonly #listener = (signal: NodeJS.Signals) => this.#handle(signal);

  constructor() {
    for (const signal of forwardedSignals) process.on(signal, this.#listener);
  }

  forwardTo(target: (signal: NodeJS.Signals) => void): void {
    this.#target = target;
    if (this.#early !== undefined) target(this.#early);
  }

  /** From now on a signal changes nothing any more: the report is being written. */
  stop(): void {
    this.#target = () => undefined;
  }

  #handle(signal: NodeJS.Signals): void {
    this.#early = signal;
    this.#target?.(signal);
  }
}

/** Waits until everything is written, or nothing more was written for a while. */
async function flush(output: Output, patienceMs: number): Promise<void> {
  let before = Infinity;
  while (output.waitingBytes > 0 && output.waitingBytes < before) {
    before = output.waitingBytes;
    await within(output.drained(), patienceMs);
  }
}

async function within(work: Promise<void>, limitMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeUp = new Promise<void>((resolve) => (timer = setTimeout(resolve, limitMs)));
  await Promise.race([work, timeUp]);
  clearTimeout(timer);
}
