/** One run of the real CLI by the built runner against the fake API, and what must be true of every such run. */
import { existsSync } from "node:fs";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import type { ClaudeOptions, RunnerConfig, RunReport } from "../../runner/contract.ts";
import { digestBefore, startRun, type EndedRun, type StubRun } from "../../runner/testing/stub.ts";
import { eventually } from "../eventually.ts";
import { claudePath, type Version } from "./claude.ts";
import { scripted, type FakeApi, type Turn } from "./fake-api.ts";

/** The command to run. */
export interface Scenario {
  /** Responses of the API, which the prompt contains. */
  readonly turns?: readonly Turn[];
  /** Instead of turns: exactly these bytes. */
  readonly prompt?: string | Buffer;
  readonly claude?: ClaudeOptions;
  readonly config?: Partial<RunnerConfig>;
  readonly environment?: NodeJS.ProcessEnv;
  readonly version?: Version;
  readonly prepare?: (directory: string) => Promise<void>;
  /** A command that ends by executing what follows it: the runner is started through it. */
  readonly wrapper?: readonly string[];
  /** A run before this one, with the same HOME and workspace; this one resumes its session. */
  readonly after?: Scenario;
  /** "request": the API has been asked; "file": work/started exists; else these words are in the log. */
  readonly signal?: readonly [when: string, signal: NodeJS.Signals];
  /** Lines go on coming until then, so that the silence that follows does not depend on how fast claude starts. */
  readonly silentFrom?: "request" | "file";
}

/** Expected result; fields that are not set are not checked. */
export interface Facts {
  readonly turns?: number;
  readonly cost?: string | undefined;
  /** The container's exit code. */
  readonly code?: number;
  readonly text?: string | RegExp;
  readonly message?: RegExp;
  /** The resumed session goes on, or another one began, or there is none. */
  readonly session?: "same" | "other" | "none";
  readonly stop?: NonNullable<RunReport["stop"]>["cause"];
  readonly resumeAfterTime?: string;
  /** How many requests the API got in this session, this run's and those of the run before. */
  readonly requests?: number;
}

type Reason = NonNullable<RunReport["reason"]>;

/** A line of a table of scenarios. Several reasons: the CLI itself does now this, now that. */
export type Row = readonly [name: string, scenario: Scenario, reason: Reason | readonly Reason[], facts: Facts];

const waitMs = 120_000;
/** Idle timeout in seconds for a program that prints each 0.1 s: longer than the pauses of a busy machine. */
export const beyondAnyPause = 5;
/** No traffic but to the API, and errors that are final after one more try. */
const switches = {
  ANTHROPIC_API_KEY: "sk-test-not-real",
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
  DISABLE_AUTOUPDATER: "1",
  DISABLE_TELEMETRY: "1",
  DISABLE_ERROR_REPORTING: "1",
  CLAUDE_CODE_MAX_RETRIES: "1",
};

/** Runs it, with the run before it if there is one. */
export async function play(scenario: Scenario, api: FakeApi): Promise<{ run: EndedRun; before?: EndedRun }> {
  if (scenario.after === undefined) return { run: await perform(scenario, api) };
  const { run: before } = await play(scenario.after, api);
  const session = { resume: before.report.session?.id ?? "", onMissing: "Fail" } as const;
  const config = { session, ...scenario.config };
  return { run: await perform({ ...scenario, config }, api, before.directory), before };
}

/** Plays a table's line and compares. */
export async function check([, scenario, reason, facts]: Row, api: FakeApi): Promise<void> {
  const { run, before } = await play(scenario, api);
  expectSound(run);
  const { report } = run;
  expect([reason].flat()).toContain(report.reason);
  expect({ message: report.message }).toEqual({
    message: facts.message === undefined ? report.message : (expect.stringMatching(facts.message) as string),
  });
  expect(shownFacts(run, before, facts, api)).toEqual(facts);
}

async function perform(scenario: Scenario, api: FakeApi, directory?: string): Promise<EndedRun> {
  const real = claudePath(scenario.version ?? "2.1.330");
  const install = (path: string) =>
    scenario.silentFrom === undefined ? symlink(real, path) : installTalking(real, path);
  const run = await startRun(install, {
    ...(directory !== undefined && { directory }),
    ...(scenario.wrapper !== undefined && { wrapper: scenario.wrapper }),
    prompt: scenario.prompt ?? scripted(scenario.turns ?? [{ text: "ok" }]),
    config: { claude: { allowedTools: ["Bash"], ...scenario.claude }, ...scenario.config },
    environment: { ...switches, ANTHROPIC_BASE_URL: api.url, ...scenario.environment },
    prepare: async (own) => {
      await mkdir(join(own, "tmp"), { recursive: true });
      await scenario.prepare?.(own);
    },
  });
  if (scenario.signal !== undefined) {
    const [when, signal] = scenario.signal;
    await eventually(when, () => hasCome(when, run, api), waitMs);
    run.signal(signal);
  }
  if (scenario.silentFrom !== undefined) {
    const { silentFrom } = scenario;
    await eventually(silentFrom, () => hasCome(silentFrom, run, api), waitMs);
    await writeFile(join(run.directory, "silent"), "");
  }
  return run.ended;
}

/** The real CLI, with an additional line printed repeatedly until the run's directory has a file `silent`. */
async function installTalking(real: string, path: string): Promise<void> {
  const silent = join(path, "../../silent");
  const talk = `while [ ! -e ${silent} ]; do echo '{"type":"beat"}'; sleep 0.1; done`;
  await writeFile(path, `#!/bin/sh\n(${talk}) &\nexec ${real} "$@"\n`, { mode: 0o755 });
}

function hasCome(when: string, run: StubRun, api: FakeApi): boolean {
  if (when === "file") return existsSync(join(run.directory, "work/started"));
  const log = run.output().toString();
  if (when !== "request") return log.includes(when);
  const session = /"session_id":"([^"]+)"/u.exec(log)?.[1];
  return session !== undefined && api.of(session).length > 0;
}

/** True of every run, however it ended. */
function expectSound(run: EndedRun): void {
  expect(run.stderr).toBe("");
  expect(run.lines.at(-1)).toMatchObject({ subtype: "end", report: run.report });
  expect(run.report.log).toEqual(digestBefore(run.stdout, run.stdout.lastIndexOf('{"type":"runner"')));
  expect(Buffer.byteLength(JSON.stringify(run.report))).toBeLessThanOrEqual(4096);
  // claude calls a run that a hook stopped a success.
  if (run.report.reason === "PromptBlocked") return;
  expect(run.report.reason === "Completed").toBe(run.report.result.isError === false && run.code === 0);
}

/** The same fields as the facts that are asked for. */
function shownFacts(run: EndedRun, before: EndedRun | undefined, asked: Facts, api: FakeApi): Facts {
  const { report } = run;
  const id = report.session?.id;
  const all: Facts = {
    ...(report.result.turns !== undefined && { turns: report.result.turns }),
    cost: report.result.costUSD,
    ...(run.code !== null && { code: run.code }),
    ...(report.stop !== undefined && { stop: report.stop.cause }),
    session: id === undefined ? "none" : id === before?.report.session?.id ? "same" : "other",
    ...(report.resumeAfterTime !== undefined && { resumeAfterTime: report.resumeAfterTime }),
    requests: id === undefined ? 0 : api.of(id).length,
  };
  const { text } = report.result;
  const matches = asked.text instanceof RegExp ? asked.text.test(text ?? "") : text === asked.text;
  const shown = Object.entries(all).filter(([key]) => key in asked);
  return {
    ...Object.fromEntries(shown),
    ...("message" in asked && { message: asked.message }),
    ...("text" in asked && { text: matches ? asked.text : (text ?? "") }),
  };
}
