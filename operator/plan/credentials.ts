/** Chooses the Secret with which a run authenticates; pure. */
import type { V1EnvFromSource } from "@kubernetes/client-node";
import type { ClaudeRunSpec } from "../../crds/claude-run.ts";

/** Variables with which a run configures authentication itself. */
const authenticating: ReadonlySet<string> = new Set([
  "ANTHROPIC_API_KEY",
  "ANTHROPIC_AUTH_TOKEN",
  "CLAUDE_CODE_OAUTH_TOKEN",
  "CLAUDE_CODE_USE_BEDROCK",
  "CLAUDE_CODE_USE_FOUNDRY",
  "CLAUDE_CODE_USE_VERTEX",
]);

/**
 * Returns the Secret that the run names, otherwise the configured default, otherwise none. The default is not added to
 * credentials of the run, because it is not documented which of two keys claude uses. The default Secret may be missing
 * in the namespace: then the run starts without it.
 */
export function credentialsOf(
  spec: ClaudeRunSpec,
  { credentialsSecretName: defaultName }: { readonly credentialsSecretName?: string },
): V1EnvFromSource[] {
  if (spec.credentialsSecretName !== undefined) return [{ secretRef: { name: spec.credentialsSecretName } }];
  if (defaultName === undefined || hasOwnCredentials(spec)) return [];
  return [{ secretRef: { name: defaultName, optional: true } }];
}

function hasOwnCredentials({ pod }: ClaudeRunSpec): boolean {
  return (pod?.envFrom ?? []).length > 0 || (pod?.env ?? []).some(({ name }) => authenticating.has(name));
}
