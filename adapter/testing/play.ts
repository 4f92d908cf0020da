/** execute() against an API server in the test's own process. */
import type { AdapterExecutionResult } from "@paperclipai/adapter-utils";
import { execute } from "../execute.ts";
import type { TestApi } from "./api-server.ts";
import { TestHost, type HostOptions } from "./host.ts";

/** A run that has begun: its host, and what it will return. */
export interface Played {
  readonly host: TestHost;
  readonly result: Promise<AdapterExecutionResult>;
}

/** Starts a run of a host's whose configuration leads to this API server. */
export function play(api: TestApi, options: HostOptions = {}): Played {
  const config = { kubeconfig: api.kubeconfig(), promptTemplate: "Work.", ...options.config };
  const host = new TestHost({ ...options, config });
  return { host, result: execute(host.context) };
}
