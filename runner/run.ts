/** Main function of the container: configuration, preflight, claude, report. */
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

/** Signals that must end claude before this process; as PID 1 it would ignore them by default. */
const forwardedSignals = ["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT"] as const;
/** Longest wait for a blocked stdout at exit; the termination message is already written. */
const flushMs = 30_000;
/** Same for a stopped run, which the kubelet will kill soon. */
const flushAfterStopMs = 500;

/** Runs claude by RUNNER_CONFIG. Resolves to the container's exit code: claude's own, or 128 + signal. */
export async function run(environment: NodeJS.ProcessEnv): Promise<number> {
  const output = new Output(writeStdout);
  const redaction = { redact: redactor(environment) };
  const redact = (text: string): string => redaction.redact(text);
  const message = new TerminationMessage(environment["TERMINATION_LOG"] ?? defaultTerminationLog);
  const bound = (report: RunReport) => boundReport(report, redact);
  const channels: Channels = { output, redact, message: (report) => message.write(JSON.stringify(bound(report))) };
  output.writeRunnerLine({ subtype: "start", v: 1, time: new Date().toISOString() });

  const outcome = await runAndReport(environment, channels, (names) => {
    redaction.redact = redactor(environment, names);
  });
  const report = bound({ ...outcome.report, log: output.digest() });
  message.finish(JSON.stringify(report));
  output.writeRunnerLine({ subtype: "end", time: new Date().toISOString(), report });
  await flush(output, report.stop === undefined ? flushMs : flushAfterStopMs);
  return outcome.exitCode;
}

async function runAndReport(
  environment: NodeJS.ProcessEnv,
  channels: Channels,
  setPublic: (names: readonly string[] | undefined) => void,
): Promise<Outcome> {
  const signals = new SignalForwarder();
  try {
    const config = readConfig(environment["RUNNER_CONFIG"]);
    setPublic(config.publicVariables);
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
  const first = await supervise(config, environment, channels, signals);
  const { session, continuation } = config;
  const mayStartNew = continuation !== undefined || session?.onMissing === "StartNew";
  if (first.report.reason !== "SessionNotFound" || !mayStartNew || first.report.stop !== undefined) return first;
  const id = continuation?.session ?? session?.resume ?? "";
  channels.output.writeRunnerLine({
    subtype: "stderr",
    text: channels.redact(`claude cannot use session ${id}: starting a new one`),
  });
  return supervise(withoutSession(config), environment, channels, signals);
}

function withoutSession(config: RunnerConfig): RunnerConfig {
  const fields = Object.entries(config).filter(([name]) => name !== "session" && name !== "continuation");
  return Object.fromEntries(fields) as unknown as RunnerConfig;
}

async function supervise(
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
    stdin: ready.prompt,
  });
  if (typeof ready.prompt === "number") closeSync(ready.prompt);
  signals.forwardTo((signal) => claude.signal(signal));
  return running;
}

function failureReport(failure: StartFailure, output: Output): RunReport {
  const { reason, message } = failure;
  return { v: 1, complete: true, reason, message, result: {}, log: output.digest() };
}

/** Forwards signals to claude, including those that arrive before its start. */
class SignalForwarder {
  #target: ((signal: NodeJS.Signals) => void) | undefined;
  #earlySignal: NodeJS.Signals | undefined;
  readonly #listener = (signal: NodeJS.Signals) => this.#handle(signal);

  constructor() {
    for (const signal of forwardedSignals) process.on(signal, this.#listener);
  }

  forwardTo(target: (signal: NodeJS.Signals) => void): void {
    this.#target = target;
    if (this.#earlySignal !== undefined) target(this.#earlySignal);
  }

  /** Ignores signals from now on, because the report is being written. */
  stop(): void {
    this.#target = () => undefined;
  }

  #handle(signal: NodeJS.Signals): void {
    this.#earlySignal = signal;
    this.#target?.(signal);
  }
}

/** Waits until everything is written, or nothing was written for `timeoutMs`. */
async function flush(output: Output, timeoutMs: number): Promise<void> {
  let before = Infinity;
  while (output.waitingBytes > 0 && output.waitingBytes < before) {
    before = output.waitingBytes;
    await within(output.drained(), timeoutMs);
  }
}

async function within(work: Promise<void>, limitMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeUp = new Promise<void>((resolve) => (timer = setTimeout(resolve, limitMs)));
  await Promise.race([work, timeUp]);
  clearTimeout(timer);
}
