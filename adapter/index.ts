/** Entry point of the adapter: the Paperclip server calls createServerAdapter(). */
import type { AdapterExecutionContext, AdapterExecutionResult, ServerAdapterModule } from "@paperclipai/adapter-utils";
import { AdapterState } from "./adapter-state.ts";
import { configurationDoc, configSchema } from "./config-schema.ts";
import { testEnvironment } from "./environment/test-environment.ts";
import { execute as executeWith } from "./execute.ts";
import { listModels, models } from "./models.ts";
import { listSkills } from "./skills.ts";
import { adapterType } from "./spec/plan.ts";
import { sessionCodec } from "./spec/session.ts";

/** The process's state: Paperclip calls plain functions, and may create several adapters. */
const state = new AdapterState();

/** Runs the agent once. Never rejects: every failure is a result with a code. */
export function execute(ctx: AdapterExecutionContext): Promise<AdapterExecutionResult> {
  return executeWith(state, ctx);
}

/** Returns the adapter of type `claude_k8s`. */
export function createServerAdapter(): ServerAdapterModule {
  return {
    type: adapterType,
    execute,
    testEnvironment: (ctx) => testEnvironment(state.connections, ctx),
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
