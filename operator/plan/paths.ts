/** Where the container finds what the operator mounts; each in a directory of its own volume. */
import type { ClaudeRunSpec } from "../../crds/claude-run.ts";
import { reservedMountPath } from "../../crds/names.ts";

export const runnerFile = "runner.mjs";
export const runnerPath = `${reservedMountPath}/runner/${runnerFile}`;
export const configFile = "config.json";
export const configPath = `${reservedMountPath}/config/${configFile}`;
/** Key of an inline prompt in the run's ConfigMap. */
export const promptFile = "prompt";
/** Key of what a later attempt says to the session that it continues. */
export const continuationFile = "continuation";
export const continuationPath = `${reservedMountPath}/config/${continuationFile}`;
export const mcpConfigPath = `${reservedMountPath}/mcp/mcp.json`;
export const settingsPath = `${reservedMountPath}/settings/settings.json`;

/** An inline prompt lies beside the configuration, one from elsewhere in a volume of its own. */
export function promptPath(spec: Pick<ClaudeRunSpec, "promptFrom">): string {
  return `${reservedMountPath}/${spec.promptFrom === undefined ? "config" : "prompt"}/${promptFile}`;
}
