/**
 * Contract between operator and runner: the mounted configuration, the report in the termination message and the
 * runner's log lines. Types only. Versioned: a reader rejects an unknown `v`.
 */
import type { FailureReason } from "../crds/reasons.ts";

/** config.json in the run's ConfigMap; RUNNER_CONFIG names its path inside the container. */
export interface RunnerConfig {
  readonly v: 1;
  /** File that is passed to claude's stdin unchanged. */
  readonly promptPath: string;
  /** claude's working directory; created if it is missing. */
  readonly workingDirectory: string;
  /** The spec's `claude` block, which the runner converts to arguments. */
  readonly claude: ClaudeOptions;
  readonly session?: { readonly resume: string; readonly onMissing: "Fail" | "StartNew" };
  /**
   * Session of an earlier, interrupted attempt of this run. It is continued with this prompt if the workspace still
   * has it; otherwise the run starts like the first attempt.
   */
  readonly continuation?: { readonly session: string; readonly promptPath: string };
  readonly maxCostUSD?: string;
  readonly activeDeadlineSeconds?: number;
  readonly idleTimeoutSeconds?: number;
  readonly resultGracePeriodSeconds: number;
  /** The operator always sets it, by default to 600. Absent: same as resultGracePeriodSeconds. */
  readonly backgroundGracePeriodSeconds?: number;
  readonly terminationGracePeriodSeconds: number;
  /**
   * Variables whose value is in the spec. If set, the container also has variables of a Secret, whose names only
   * the kubelet knows, so all unlisted variables are redacted.
   */
  readonly publicVariables?: readonly string[];
  /** False: claude ignores settings and MCP servers of the workspace. */
  readonly isWorkspaceTrusted?: boolean;
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
  /** Container paths of the files from mcpConfigFrom and settingsFrom. */
  readonly mcpConfigPath?: string;
  readonly settingsPath?: string;
  readonly appendSystemPromptFile?: string;
  readonly includePartialMessages?: boolean;
  readonly extraArgs?: readonly string[];
}

/** status.result of a ClaudeRun, as reported by the runner; unknown fields are absent. */
export interface RunResult {
  readonly subtype?: string;
  readonly isError?: boolean;
  /** The result's text, or the errors joined by newlines; cut at a character boundary if textTruncated. */
  readonly text?: string;
  /** Length in bytes of the whole text in UTF-8. */
  readonly textBytes?: number;
  readonly textTruncated?: boolean;
  readonly turns?: number;
  readonly durationMs?: number;
  readonly apiDurationMs?: number;
  readonly stopReason?: string;
  /** Cost of this run as a decimal string; never the session's running total. */
  readonly costUSD?: string;
  readonly usage?: Usage;
  /** At most four, most expensive first. */
  readonly models?: readonly ({ readonly model: string; readonly costUSD?: string } & Partial<Usage>)[];
  readonly permissionDenials?: number;
  readonly exitCode?: number;
  /** "SIGTERM" and so on, if a signal ended claude. */
  readonly signal?: string;
  /** True if claude reported its result but did not exit. */
  readonly hung?: boolean;
  /** True if the container could not report its end; the fields are its last recorded progress. */
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
  /** False while claude runs; the message is overwritten after each turn. */
  readonly complete: boolean;
  /** Absent while claude runs. */
  readonly reason?: "Completed" | FailureReason;
  /** Explanation with the text of claude or stderr. */
  readonly message?: string;
  readonly result: RunResult;
  readonly session?: { readonly id: string };
  /** RFC 3339; UsageLimited only. */
  readonly resumeAfterTime?: string;
  /** Set if a signal to the runner or one of its watchdogs stopped claude. */
  readonly stop?: {
    readonly cause: "Signal" | "DeadlineExceeded" | "IdleTimeout" | "NoOutput" | "ResultGrace" | "BackgroundGrace";
    readonly time: string;
  };
  /** Digest of the container's log before the `end` line. */
  readonly log: { readonly lines: number; readonly bytes: number; readonly sha256: string };
  readonly progress?: { readonly turns: number; readonly lastActivityTime?: string; readonly activity?: string };
}

/** A line of the runner on the container's stdout, between claude's lines: one JSON object per line. */
export type RunnerLine = { readonly type: "runner"; /** 1, 2, 3, … over all runner lines. */ readonly seq: number } & (
  | { readonly subtype: "start"; readonly v: 1; readonly time: string }
  /** One line of claude's stderr, redacted; `partial` if the next one continues it. */
  | { readonly subtype: "stderr"; readonly text: string; readonly partial?: true }
  /** `log` counts every byte before this line. */
  | {
      readonly subtype: "checkpoint";
      readonly time: string;
      readonly log: RunReport["log"];
      readonly progress: NonNullable<RunReport["progress"]>;
      /**
       * Absent until claude has named it. Only source of the session if the node is lost, because then no report
       * arrives.
       */
      readonly session?: RunReport["session"];
    }
  /** The last line. Its report is the termination message. */
  | { readonly subtype: "end"; readonly time: string; readonly report: RunReport }
);
