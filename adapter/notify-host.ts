/** Sends the host the command, prompt and notes that its page shows for a run. */
import { setTimeout as wait } from "node:timers/promises";
import type { AdapterExecutionContext } from "@paperclipai/adapter-utils";
import { adapterType, type Plan } from "./spec/plan.ts";
import { storable } from "./storable.ts";

/** A callback of the host that does not settle delays a run by at most this time. */
const callbackTimeoutMs = 10_000;

/** Calls the host and waits for it, up to `callbackTimeoutMs`. Never rejects. */
export async function callHost(callback: () => unknown): Promise<void> {
  const done = new AbortController();
  const late = wait(callbackTimeoutMs, undefined, { signal: done.signal }).catch(() => undefined);
  const called = (async () => {
    try {
      await callback();
    } catch {
      // A failure of the host's callback must not fail the run.
    }
  })();
  await Promise.race([called, late]);
  done.abort();
}

/** Sends the plan to the host's `onMeta`, if it has one. */
export async function notifyHost(ctx: AdapterExecutionContext, plan: Plan, namespace: string): Promise<void> {
  const { spec } = plan.run;
  const meta = storable({
    adapterType,
    command: `kubectl -n ${namespace} get clauderun ${plan.name}`,
    cwd: plan.workspace.mountPath,
    commandArgs: [...(spec.claude?.extraArgs ?? [])],
    commandNotes: [
      `Namespace: ${namespace}`,
      `Image: ${spec.pod?.image ?? "the operator's"}`,
      `Timeout: ${spec.activeDeadlineSeconds === undefined ? "none" : `${spec.activeDeadlineSeconds} s`}`,
      `Skills: ${plan.bundle.skills.join(", ") || "none"}`,
      ...plan.notes,
    ],
    prompt: plan.prompt.text,
    promptMetrics: { ...plan.prompt.metrics },
  });
  await callHost(() => ctx.onMeta?.(meta));
}
