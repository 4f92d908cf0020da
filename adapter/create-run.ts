/** Creates a run suspended, then its Secrets, and unsuspends the run. */
import type { AdapterExecutionResult } from "@paperclipai/adapter-utils";
import type { ClaudeRun } from "../crds/claude-run.ts";
import { ApiError, errorMessage } from "../kube/api-error.ts";
import type { Connection } from "../kube/connection.ts";
import type { AdapterState } from "./adapter-state.ts";
import { ensureLease } from "./kubernetes/lease.ts";
import { cancelRun, createRun, AlreadyExistsError, unsuspendRun } from "../client/runs.ts";
import { startGarbageCollection } from "./kubernetes/garbage-collection.ts";
import type { Release } from "./tracked-runs.ts";
import { failedBeforeStart } from "./result/map-result.ts";
import { createSecrets } from "./run-secrets.ts";
import { runIdAnnotation } from "./spec/names.ts";
import type { Plan } from "./spec/plan.ts";

/** The created run, or the host's result if the creation failed, and how to release the run. */
export type CreateResult =
  { readonly run: ClaudeRun } | { readonly failed: AdapterExecutionResult; readonly release: Release };

/** Creates the run. A rejection of the API server is a result with a code. */
export async function createPlannedRun(
  state: AdapterState,
  connection: Connection,
  plan: Plan,
  namespace: string,
): Promise<CreateResult> {
  let run: ClaudeRun;
  try {
    await ensureLease(state, connection, namespace);
    startGarbageCollection(state, connection, namespace);
    run = await createRun(connection, plan.run, { requestAnnotation: runIdAnnotation });
  } catch (error) {
    if (error instanceof AlreadyExistsError)
      return { failed: failedBeforeStart("k8s_job_create_failed", error.message), release: "not created" };
    if (!(error instanceof ApiError)) throw error;
    const isOut = error.isTransient || error.code === 401 || error.code === 403 || error.code === 404;
    const code = isOut ? "k8s_concurrency_guard_unreachable" : "k8s_job_create_failed";
    // Without an answer it is unknown whether the API server created the run.
    return { failed: failedBeforeStart(code, error.message), release: error.isTransient ? "abandoned" : "not created" };
  }
  try {
    // An existing run that was unsuspended already has its Secrets.
    if (run.spec.suspend) {
      await createSecrets(connection, run, plan.secrets);
      await unsuspendRun(connection, run);
    }
  } catch (error) {
    await cancelRun(connection, run.metadata, `its Secret could not be created: ${errorMessage(error)}`).catch(
      () => undefined,
    );
    return { failed: failedBeforeStart("k8s_prompt_secret_create_failed", errorMessage(error)), release: "abandoned" };
  }
  return { run };
}
