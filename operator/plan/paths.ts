/** Paths of the mounted files in the container; each volume has its own directory. */
import type { ClaudeRunSpec } from "../../crds/claude-run.ts";
import { reservedMountPath } from "../../crds/names.ts";

export const runnerFile = "runner.mjs";
export const runnerPath = `${reservedMountPath}/runner/${runnerFile}`;
export const configFile = "config.json";
export const configPath = `${reservedMountPath}/config/${configFile}`;
/** Key of an inline prompt in the run ConfigMap. */
export const promptFile = "prompt";
/** Key of the prompt with which a later attempt continues the session. */
export const continuationFile = "continuation";
export const continuationPath = `${reservedMountPath}/config/${continuationFile}`;
export const mcpConfigPath = `${reservedMountPath}/mcp/mcp.json`;
export const settingsPath = `${reservedMountPath}/settings/settings.json`;

/** Path of the prompt: an inline one is next to the configuration, one from `promptFrom` in its own volume. */
export function promptPath(spec: Pick<ClaudeRunSpec, "promptFrom">): string {
  return `${reservedMountPath}/${spec.promptFrom === undefined ? "config" : "prompt"}/${promptFile}`;
}
