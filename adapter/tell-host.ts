/** What the host shows of a run before it begins: its page has a place for command, prompt and notes. */
import type { AdapterExecutionContext } from "@paperclipai/adapter-utils";
import { adapterType, type Plan } from "./spec/plan.ts";

/** Tells the host what will be done, if it asks. */
export async function tellHost(ctx: AdapterExecutionContext, plan: Plan, namespace: string): Promise<void> {
  const { spec } = plan.run;
  await ctx.onMeta?.({
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
}
