/** Models that the form offers; any other may be typed. A leaf: it imports nothing of ours. */
import type { AdapterModel } from "@paperclipai/adapter-utils";

/** Aliases of the CLI: they stay right as models come and go. */
export const models: AdapterModel[] = [
  { id: "opus", label: "Claude Opus (newest)" },
  { id: "sonnet", label: "Claude Sonnet (newest)" },
  { id: "haiku", label: "Claude Haiku (newest)" },
];

/** On Bedrock models have names of the account's own: none are offered. */
export function listModels(environment: Readonly<Record<string, string | undefined>>): AdapterModel[] {
  const isBedrock =
    ["1", "true"].includes(environment["CLAUDE_CODE_USE_BEDROCK"] ?? "") ||
    (environment["ANTHROPIC_BEDROCK_BASE_URL"] ?? "").trim() !== "";
  return isBedrock ? [] : models;
}
