/** The spec's `claude` block as arguments for the CLI: a list, never a shell's line. */
import type { ClaudeOptions, RunnerConfig } from "./contract.ts";

/**
 * Always print mode with the prompt on stdin. Every value is joined to its flag by "=", so neither a value that begins
 * with a dash nor a variadic flag can swallow what comes after it.
 */
export function claudeArguments(config: RunnerConfig, resume: string | undefined): string[] {
  const { claude } = config;
  return [
    "-p",
    "--output-format=stream-json",
    ...one("model", claude.model),
    ...one("effort", claude.effort),
    // 0 is unlimited to the API and to the CLI; older CLIs are not asked.
    ...one("max-turns", claude.maxTurns === 0 ? undefined : claude.maxTurns),
    ...one("max-budget-usd", config.maxCostUSD),
    ...one("resume", resume),
    ...permissionArguments(claude),
    ...systemPromptArguments(claude),
    ...each("add-dir", claude.addDirs),
    ...one("mcp-config", claude.mcpConfigPath),
    ...one("settings", claude.settingsPath),
    ...(claude.includePartialMessages === true ? ["--include-partial-messages"] : []),
    // Last of ours, and it takes no value: it also closes a variadic flag before the extra arguments.
    "--verbose",
    ...(claude.extraArgs ?? []),
  ];
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
