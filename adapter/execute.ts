/** Runs an agent once: creates a ClaudeRun, follows it and maps its result. */
import type { AdapterExecutionContext, AdapterExecutionResult } from "@paperclipai/adapter-utils";
import type { AdapterState } from "./adapter-state.ts";
import { cancelDeadlineMs, followRun } from "./follow-run.ts";
import { HostLog } from "./host-log.ts";
import { errorMessage } from "../kube/api-error.ts";
import { RunWatch } from "../client/run-watch.ts";
import { createPlannedRun } from "./create-run.ts";
import { acknowledgeCancel, failedAdapter, failedBeforeStart } from "./result/map-result.ts";
import { agentName } from "./spec/names.ts";
import { planRun } from "./spec/plan.ts";
import { readSettings, type Settings } from "./spec/settings.ts";
import { ConfigError } from "./spec/values.ts";
import { storable } from "./storable.ts";
import { callHost, notifyHost } from "./notify-host.ts";

/** Dependencies of execute() in addition to the agent's configuration. */
interface Host {
  readonly state: AdapterState;
  readonly ctx: AdapterExecutionContext;
  readonly log: HostLog;
  readonly cancelDeadlineMs: number;
}

/**
 * Runs the agent once. Never rejects: every failure is a result with a code. It follows the created run to its end, and
 * cancels the run if the adapter itself fails.
 */
export async function execute(
  state: AdapterState,
  ctx: AdapterExecutionContext,
  limits: Partial<Pick<Host, "cancelDeadlineMs">> = {},
): Promise<AdapterExecutionResult> {
  const log = new HostLog(ctx.onLog);
  try {
    return storable(await executeWithRetry({ state, ctx, log, cancelDeadlineMs, ...limits }));
  } catch (error) {
    const code = error instanceof ConfigError ? "configuration_incomplete" : "adapter_failed";
    return storable(failedBeforeStart(code, errorMessage(error)));
  } finally {
    await log.close();
  }
}

async function executeWithRetry(host: Host): Promise<AdapterExecutionResult> {
  const { ctx, log } = host;
  const settings = readSettings(ctx.config);
  if (agentName(ctx.agent.id) === undefined) {
    return failedBeforeStart("k8s_agent_id_invalid", `agent id ${JSON.stringify(ctx.agent.id)} has no letter or digit`);
  }
  const first = await executeOnce(host, settings, false);
  if (first.errorCode !== "session_unavailable" || !settings.freshSessionOnMissing || ctx.signal?.aborted === true)
    return first;
  log.info("the session is not in the workspace; retrying with a new session");
  return { ...(await executeOnce(host, settings, true)), clearSession: false };
}

async function executeOnce(host: Host, settings: Settings, isFresh: boolean): Promise<AdapterExecutionResult> {
  const { state, ctx, log } = host;
  const connection = state.connections.get(settings.kubeconfig);
  const namespace = settings.namespace ?? connection.namespace ?? "default";
  const plan = await planRun({ ctx, settings, namespace, leaseName: state.leaseName, isFresh });
  await callHost(() => ctx.onCancellationReady?.());
  if (ctx.signal?.aborted === true)
    return acknowledgeCancel(failedBeforeStart("cancelled", "cancelled before the run was created"));
  for (const note of plan.notes) log.info(note);
  await notifyHost(ctx, plan, namespace);
  await callHost(() => ctx.onDispatch?.());
  const secrets = plan.secrets.map(({ name }) => name);
  const release = state.runs.track({ connection, namespace, name: plan.name, runId: ctx.runId, secrets });
  try {
    const created = await createPlannedRun(state, connection, plan, namespace);
    if ("failed" in created) {
      release(created.release);
      return created.failed;
    }
    log.info(`created ClaudeRun ${namespace}/${plan.name}`);
    const watch = new RunWatch(connection, created.run);
    watch.start();
    try {
      const { result, isFinished } = await followRun({ ...host, settings, connection, plan, watch });
      release(isFinished ? "finished" : "continuing");
      return result;
    } finally {
      await watch.stop();
    }
  } catch (error) {
    // No process follows the run any more, so it must not continue to spend money.
    release("abandoned");
    return failedAdapter(`the adapter failed and cancels ${plan.name}: ${errorMessage(error)}`);
  }
}
