/** Converts the spec's `claude` block to a list of CLI arguments, never to a shell command line. */
import type { ClaudeOptions, RunnerConfig } from "./contract.ts";

/**
 * Returns arguments for print mode with the prompt on stdin. Values are joined to flags by "=", so that neither a value
 * with a leading dash nor a variadic flag can consume later arguments.
 */
export function claudeArguments(config: RunnerConfig, resume: string | undefined): string[] {
  const { claude } = config;
  return [
    "-p",
    "--output-format=stream-json",
    ...distrust(config),
    ...one("model", claude.model),
    ...one("effort", claude.effort),
    // 0 means unlimited in the API and the CLI; older CLIs do not know the 0.
    ...one("max-turns", claude.maxTurns === 0 ? undefined : claude.maxTurns),
    ...one("max-budget-usd", config.maxCostUSD),
    ...one("resume", resume),
    ...permissionArguments(claude),
    ...systemPromptArguments(claude),
    ...each("add-dir", claude.addDirs),
    ...one("mcp-config", claude.mcpConfigPath),
    ...one("settings", claude.settingsPath),
    ...(claude.includePartialMessages === true ? ["--include-partial-messages"] : []),
    // Takes no value, so that it also ends a variadic flag before the extra arguments.
    "--verbose",
    ...(claude.extraArgs ?? []),
    // Repeated, because the last one wins, and an extra option without a value may consume the first flag here.
    ...distrust(config),
  ];
}

/** Disables user settings too, because HOME is in the workspace. */
function distrust({ isWorkspaceTrusted }: RunnerConfig): string[] {
  return isWorkspaceTrusted === false ? ["--setting-sources=", "--strict-mcp-config"] : [];
}

function permissionArguments(claude: ClaudeOptions): string[] {
  return [
    ...one("permission-mode", claude.permissionMode),
    ...(claude.dangerouslySkipPermissions === true ? ["--dangerously-skip-permissions"] : []),
    ...each("allowedTools", claude.allowedTools),
    ...each("disallowedTools", claude.disallowedTools),
  ];
}

function systemPromptArguments(claude: ClaudeOptions): string[] {
  return [
    ...one("system-prompt", claude.systemPrompt),
    ...one("append-system-prompt", claude.appendSystemPrompt),
    ...one("append-system-prompt-file", claude.appendSystemPromptFile),
  ];
}

function one(flag: string, value: string | number | undefined): string[] {
  return value === undefined ? [] : [`--${flag}=${value}`];
}

function each(flag: string, values: readonly string[] = []): string[] {
  return values.flatMap((value) => one(flag, value));
}
