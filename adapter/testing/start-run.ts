/** Runs execute() against an API server in the test's process. */
import type { AdapterExecutionResult } from "@paperclipai/adapter-utils";
import { AdapterState } from "../adapter-state.ts";
import { execute } from "../execute.ts";
import type { ClaudeRunApi } from "../../client/testing/claude-run-api.ts";
import { allowedKubeconfig } from "./kubeconfigs.ts";
import { TestHost, type HostOptions } from "./host.ts";

/** A started run: its host, and the promise of its result. */
export interface StartedRun {
  readonly host: TestHost;
  readonly result: Promise<AdapterExecutionResult>;
}

/** Starts a run of a host whose configuration names this API server. Runs with the same state are in one process. */
export function startRun(api: ClaudeRunApi, options: HostOptions = {}, state = new AdapterState()): StartedRun {
  const config = { kubeconfig: allowedKubeconfig(api.kubeconfigFile()), promptTemplate: "Work.", ...options.config };
  const host = new TestHost({ ...options, config });
  return { host, result: execute(state, host.context) };
}
