/** Models that the form offers; users may enter any other. */
import type { AdapterModel } from "@paperclipai/adapter-utils";

/** Aliases of the CLI, which stay valid as models change. */
export const models: AdapterModel[] = [
  { id: "opus", label: "Claude Opus (newest)" },
  { id: "sonnet", label: "Claude Sonnet (newest)" },
  { id: "haiku", label: "Claude Haiku (newest)" },
];

/** Returns no models on Bedrock, where their names depend on the account. */
export function listModels(environment: Readonly<Record<string, string | undefined>>): AdapterModel[] {
  const isBedrock =
    ["1", "true"].includes(environment["CLAUDE_CODE_USE_BEDROCK"] ?? "") ||
    (environment["ANTHROPIC_BEDROCK_BASE_URL"] ?? "").trim() !== "";
  return isBedrock ? [] : models;
}
