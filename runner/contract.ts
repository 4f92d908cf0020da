/**
 * What the operator and the runner say to each other: the configuration that the operator mounts, and the report that
 * the runner leaves in the termination message. Types only. Versioned: a reader refuses a `v` that it does not know.
 */
import type { FailureReason } from "../crds/reasons.ts";

/** config.json in the run's ConfigMap; RUNNER_CONFIG names its path inside the container. */
export interface RunnerConfig {
  readonly v: 1;
  /** File whose bytes go to claude's stdin unchanged. */
  readonly promptPath: string;
  /** claude's working directory; made if it is missing. */
  readonly workingDirectory: string;
  /** The spec's `claude` block, in the CLI's own words; the runner turns it into argv. */
  readonly claude: ClaudeOptions;
  readonly session?: { readonly resume: string; readonly onMissing: "Fail" | "StartNew" };
  /**
   * An earlier attempt of this run was cut short in this session. Where the workspace still has it, it is continued with
   * this prompt; otherwise the run starts as if it were the first attempt.
   */
  readonly continuation?: { readonly session: string; readonly promptPath: string };
  readonly maxCostUSD?: string;
  readonly activeDeadlineSeconds?: number;
  readonly idleTimeoutSeconds?: number;
  readonly resultGracePeriodSeconds: number;
  readonly terminationGracePeriodSeconds: number;
}

/** The CLI options a ClaudeRun can set. */
export interface ClaudeOptions {
  readonly model?: string;
  readonly effort?: string;
  /** 0 or absent: unlimited. */
  readonly maxTurns?: number;
  readonly permissionMode?: string;
  readonly dangerouslySkipPermissions?: boolean;
  readonly allowedTools?: readonly string[];
  readonly disallowedTools?: readonly string[];
  readonly addDirs?: readonly string[];
  readonly systemPrompt?: string;
  readonly appendSystemPrompt?: string;
  /** Paths inside the container of the files that mcpConfigFrom and settingsFrom were mounted at. */
  readonly mcpConfigPath?: string;
  readonly settingsPath?: string;
  readonly appendSystemPromptFile?: string;
  readonly includePartialMessages?: boolean;
  readonly extraArgs?: readonly string[];
}

/** status.result of a ClaudeRun, as the runner fills it; a field that is not known is absent. */
export interface RunResult {
  readonly subtype?: string;
  readonly isError?: boolean;
  /** The result's text, or the errors joined by newlines; cut at a character boundary, textTruncated says so. */
  readonly text?: string;
  /** Length in bytes of the whole text in UTF-8. */
  readonly textBytes?: number;
  readonly textTruncated?: boolean;
  readonly turns?: number;
  readonly durationMs?: number;
  readonly apiDurationMs?: number;
  readonly stopReason?: string;
  /** What this run spent, as a decimal string; never the session's running total. */
  readonly costUSD?: string;
  readonly usage?: Usage;
  /** At most four, dearest first. */
  readonly models?: readonly ({ readonly model: string; readonly costUSD?: string } & Partial<Usage>)[];
  readonly permissionDenials?: number;
  readonly exitCode?: number;
  /** "SIGTERM" and so on, if a signal ended claude. */
  readonly signal?: string;
  /** claude had given its result and did not end by itself. */
  readonly hung?: boolean;
  /** The container could not report its end: this is the last progress it had recorded. */
  readonly incomplete?: boolean;
}

export interface Usage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cacheReadInputTokens: number;
  readonly cacheCreationInputTokens: number;
}

/** The termination message (at most 4,096 bytes of JSON) and the `report` of the `end` line. */
export interface RunReport {
  readonly v: 1;
  /** False while claude runs: the message is overwritten in place after each turn. */
  readonly complete: boolean;
  /** Absent while claude runs. */
  readonly reason?: "Completed" | FailureReason;
  /** For people: what happened, with claude's or stderr's own words. */
  readonly message?: string;
  readonly result: RunResult;
  readonly session?: { readonly id: string };
  /** RFC 3339; UsageLimited only. */
  readonly resumeAfterTime?: string;
  /** Set if claude was ended and did not end by itself: by a signal to the runner, or by one of its watchdogs. */
  readonly stop?: {
    readonly cause: "Signal" | "DeadlineExceeded" | "IdleTimeout" | "NoOutput" | "ResultGrace";
    readonly time: string;
  };
  /** All that was written to the container's log before the `end` line. */
  readonly log: { readonly lines: number; readonly bytes: number; readonly sha256: string };
  readonly progress?: { readonly turns: number; readonly lastActivityTime?: string; readonly activity?: string };
}

/** A line of the runner's own on the container's stdout, between the lines of claude: one JSON object per line. */
export type RunnerLine = { readonly type: "runner"; /** 1, 2, 3, … over all such lines. */ readonly seq: number } & (
  | { readonly subtype: "start"; readonly v: 1; readonly time: string }
  /** One line of claude's stderr, redacted; `partial` if the line goes on in the next one. */
  | { readonly subtype: "stderr"; readonly text: string; readonly partial?: true }
  /** `log` counts every byte before this line. */
  | {
      readonly subtype: "checkpoint";
      readonly time: string;
      readonly log: RunReport["log"];
      readonly progress: NonNullable<RunReport["progress"]>;
      /** Absent until claude has named it. A node that is lost sends no report: then this is how the session is known. */
      readonly session?: RunReport["session"];
    }
  /** The last line. Its report is the termination message. */
  | { readonly subtype: "end"; readonly time: string; readonly report: RunReport }
);
