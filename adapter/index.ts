/** Entry point of the adapter: the Paperclip server calls createServerAdapter(). */
import type { ServerAdapterModule } from "@paperclipai/adapter-utils";
import { configurationDoc, configSchema } from "./config-schema.ts";
import { testEnvironment } from "./environment/test-environment.ts";
import { execute } from "./execute.ts";
import { listModels, models } from "./models.ts";
import { listSkills } from "./skills.ts";
import { adapterType } from "./spec/plan.ts";
import { sessionCodec } from "./spec/session.ts";

export { execute } from "./execute.ts";

/** Returns the adapter of type `claude_k8s`. */
export function createServerAdapter(): ServerAdapterModule {
  return {
    type: adapterType,
    execute,
    testEnvironment,
    sessionCodec,
    sessionManagement: {
      supportsSessionResume: true,
      nativeContextManagement: "confirmed",
      defaultSessionCompaction: { enabled: true, maxSessionRuns: 0, maxRawInputTokens: 0, maxSessionAgeHours: 0 },
    },
    models,
    listModels: () => Promise.resolve(listModels(process.env)),
    listSkills,
    syncSkills: listSkills,
    getConfigSchema: () => configSchema,
    agentConfigurationDoc: configurationDoc,
    supportsLocalAgentJwt: true,
    runtimeToolDelivery: "native_mcp",
    supportsInstructionsBundle: true,
    instructionsPathKey: "instructionsFilePath",
    requiresMaterializedRuntimeSkills: true,
  };
}
