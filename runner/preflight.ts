/** What can be known to go wrong before any money is spent; each finding has its own reason and says what to do. */
import { openSync } from "node:fs";
import { findClaude } from "./claude-binary.ts";
import type { RunnerConfig } from "./contract.ts";
import { noCostState, readCostState, type CostState } from "./cost-state.ts";
import { causeOf, StartFailure } from "./failure.ts";
import { configDirectory, findSessionFile, homeDirectory } from "./session-file.ts";
import { makeWritable } from "./writable.ts";

/** All that starting claude needs. */
export interface Ready {
  readonly claudePath: string;
  /** Open for reading: becomes claude's stdin. */
  readonly promptFd: number;
  /** The session to resume, if there is one. */
  readonly resume: string | undefined;
  readonly configDir: string;
  /** What the resumed session had cost before this run. */
  readonly before: CostState;
}

/** Throws StartFailure with the first finding. */
export async function preflight(config: RunnerConfig, environment: NodeJS.ProcessEnv): Promise<Ready> {
  const claudePath = findClaude(environment["PATH"]);
  const configDir = configDirectory(environment);
  const continued = continuationOf(config, configDir);
  const promptFd = openPrompt((continued ?? config).promptPath);
  makeWritable(config.workingDirectory, "the working directory");
  // The session is kept in one of them, and what claude's tools keep (git, npm) in HOME.
  makeWritable(homeDirectory(environment), "HOME");
  if (environment["CLAUDE_CONFIG_DIR"] !== undefined) makeWritable(configDir, "CLAUDE_CONFIG_DIR");
  const resume = continued?.session ?? sessionToResume(config, configDir);
  const before = resume === undefined ? noCostState : await readCostState(configDir, resume);
  return { claudePath, promptFd, resume, configDir, before };
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
      `the prompt cannot be read (${causeOf(error)}): check that the key named in promptFrom exists`,
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
      "use the workspace that it was made on, or set session.onMissing to StartNew",
  );
}
