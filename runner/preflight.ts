/** Checks before any money is spent; each failure has its own reason and next step. */
import { openSync } from "node:fs";
import { findClaude } from "./claude-binary.ts";
import type { RunnerConfig } from "./contract.ts";
import { noCostState, readCostState, type CostState } from "./cost-state.ts";
import { causeOf, StartFailure } from "./failure.ts";
import { configDirectory, findSessionFile, homeDirectory } from "./session-file.ts";
import { verifiedFile } from "./verified-files.ts";
import { makeWritable } from "./writable.ts";

/** Input for starting claude. */
export interface PreflightResult {
  readonly claudePath: string;
  /** Content of claude's stdin: bytes or a file that is open for reading. */
  readonly prompt: Buffer | number;
  /** The session to resume, if there is one. */
  readonly resume: string | undefined;
  readonly configDir: string;
  /** Cost of the resumed session before this run. */
  readonly costBefore: CostState;
  /** ANTHROPIC_BASE_URL. */
  readonly baseUrl: string | undefined;
}

/** Throws StartFailure for the first problem. */
export async function preflight(config: RunnerConfig, environment: NodeJS.ProcessEnv): Promise<PreflightResult> {
  const claudePath = findClaude(environment["PATH"]);
  const configDir = configDirectory(environment);
  const continued = continuationOf(config, configDir);
  const { promptPath } = continued ?? config;
  const prompt = verifiedFile(promptPath) ?? openPrompt(promptPath);
  makeWritable(config.workingDirectory, "the working directory");
  // HOME or CLAUDE_CONFIG_DIR contains the session; HOME also contains files of tools such as git and npm.
  makeWritable(homeDirectory(environment), "HOME");
  if (environment["CLAUDE_CONFIG_DIR"] !== undefined) makeWritable(configDir, "CLAUDE_CONFIG_DIR");
  const resume = continued?.session ?? sessionToResume(config, configDir);
  const costBefore = resume === undefined ? noCostState : await readCostState(configDir, resume);
  return { claudePath, prompt, resume, configDir, costBefore, baseUrl: environment["ANTHROPIC_BASE_URL"] };
}

function continuationOf({ continuation }: RunnerConfig, configDir: string): RunnerConfig["continuation"] {
  if (continuation === undefined || findSessionFile(configDir, continuation.session) === undefined) return undefined;
  return continuation;
}

function openPrompt(path: string): number {
  try {
    return openSync(path, "r");
  } catch (error) {
    throw new StartFailure(
      "ClaudeStartFailed",
      `the prompt cannot be read (${causeOf(error)}): check that the key in promptFrom exists`,
    );
  }
}

function sessionToResume(config: RunnerConfig, configDir: string): string | undefined {
  const { session } = config;
  if (session === undefined || findSessionFile(configDir, session.resume) !== undefined) return session?.resume;
  if (session.onMissing === "StartNew") return undefined;
  throw new StartFailure(
    "SessionNotFound",
    `No conversation found with session ID: ${session.resume} below ${configDir}/projects: ` +
      "use the workspace of that session, or set session.onMissing to StartNew",
  );
}
