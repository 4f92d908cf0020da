import type { AdapterExecutionContext, AdapterExecutionResult, ServerAdapterModule } from "@paperclipai/adapter-utils";

/** The adapter of type `claude_k8s`, for the Paperclip server. */
export declare function createServerAdapter(): ServerAdapterModule;
/** Runs an agent once, as the server would; for benchmarks. Every failure of a run is a result with a code. */
export declare function execute(ctx: AdapterExecutionContext): Promise<AdapterExecutionResult>;
