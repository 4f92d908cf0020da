/** Invariants 7 and 8: who writes, and what deciding may know. */
import type { Mutation } from "./mutation.ts";

const decide = "operator/decide";

export const writes: readonly Mutation[] = [
  {
    invariant: 7,
    breaks: "an Event is recorded at each change of a pod's labels",
    file: "operator/kubernetes/event-recorder.ts",
    find: "if (this.#warned.has(key)) return;",
    replace: "",
  },
  {
    invariant: 7,
    breaks: "an Event's words are written again and again",
    file: "operator/status-writer.ts",
    find: "    if (isDeepStrictEqual(run.status, next)) return;\n",
    replace: "",
  },
  {
    invariant: 7,
    breaks: "each pass stamps a new transition time",
    file: `${decide}/conditions.ts`,
    find: "old?.status === status ? old.lastTransitionTime : at.time",
    replace: "at.time",
  },
  {
    invariant: 7,
    breaks: "passing states are written at once",
    file: "operator/status-writer.ts",
    find: "debouncer.touch(run.uid, stateOf(status), nowMs)",
    replace: "0 * nowMs",
  },
  {
    invariant: 8,
    breaks: "decide asks for the time",
    file: `${decide}/waiting.ts`,
    find: "ctx.observed.nowMs < ctx.run.createdMs + seconds * 1000",
    replace: "Date.now() < ctx.run.createdMs + seconds * 1000",
  },
  {
    invariant: 8,
    breaks: "decide knows the client",
    file: `${decide}/slot.ts`,
    find: 'import { byPodOrder } from "./queue-order.ts";',
    replace:
      'import type { Transport } from "../kubernetes/transport.ts";\nimport { byPodOrder } from "./queue-order.ts";\n\nexport type Asked = Transport;',
  },
  {
    invariant: 8,
    breaks: "reconcile itself deletes a run",
    file: "operator/reconcile.ts",
    find: "    const delayMs = await act(decision, observed, deps);",
    replace:
      '    if (decision.do === "deleteRun") await deps.cluster.delete(decision.run);\n    const delayMs = await act(decision, observed, deps);',
  },
  {
    invariant: 8,
    breaks: "the controller writes a condition",
    file: "operator/controller.ts",
    find: "    for (const agent of caches.agents()) queue.enqueue(agent);",
    replace:
      "    for (const agent of caches.agents()) queue.enqueue(agent);\n    const { cluster } = this.#parts;\n    for (const run of caches.runs.all()) void cluster.markLogsUnavailable(run);",
  },
  {
    invariant: 8,
    breaks: "decide may import anything",
    file: "eslint.config.js",
    find: 'files: ["operator/decide/**/*.ts"],',
    replace: 'files: ["operator/nowhere/**/*.ts"],',
  },
  {
    invariant: 8,
    breaks: "decide may ask for the time",
    file: "eslint.config.js",
    find: '{ object: "Date", property: "now", message: "The time is in Observed.nowMs." },',
    replace: "",
  },
  {
    invariant: 8,
    breaks: "anything may write",
    file: "eslint.config.js",
    find: "callee.object.name='cluster'][callee.property.name=/^(createJob|ungate|removeFinalizer|endSidecars|stop|delete|updateStatus|markLogsUnavailable|recordEvent|prepareConfigMaps|ensureConfigMap|restoreLabels|restoreAdmittedPod)$/",
    replace:
      "callee.object.name='nothing'][callee.property.name=/^(createJob|ungate|removeFinalizer|endSidecars|stop|delete|updateStatus|markLogsUnavailable|recordEvent|prepareConfigMaps|ensureConfigMap|restoreLabels|restoreAdmittedPod)$/",
  },
];
