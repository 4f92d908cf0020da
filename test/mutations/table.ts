/** Ways to break each invariant in the source, one edit each. */

/** What the operator and the runner promise, by number. */
export const invariants = {
  1: "One active run per agent",
  2: "No attempt starts twice",
  3: "Every accepted run ends",
  4: "The result never depends on tailing logs",
  5: "No log line is lost, repeated or reordered",
  6: "No rights that are not used, no secret in what we write",
  7: "One function writes status, and a pass that changes nothing writes nothing",
  8: "Only act writes; decide knows neither clock nor client",
} as const;

export interface Mutation {
  readonly invariant: keyof typeof invariants;
  /** What is broken, in a few words. */
  readonly breaks: string;
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly find: string;
  readonly replace: string;
}

const decide = "operator/decide";

export const mutations: readonly Mutation[] = [
  {
    invariant: 1,
    breaks: "the look is left out",
    file: "operator/act.ts",
    find: "judgeSlot(pod, await cluster.look(pod), observed.runs)",
    replace: "judgeSlot(pod, [], observed.runs)",
  },
  {
    invariant: 1,
    breaks: "a running pod does not take the slot",
    file: `${decide}/slot.ts`,
    find: "if (ungated !== undefined) return",
    replace: "if (ungated?.uid === '') return",
  },
  {
    invariant: 1,
    breaks: "a pod that was let go does not count",
    file: `${decide}/slot.ts`,
    find: "return pod.gated || pod.held || ",
    replace: "return pod.gated || ",
  },
  {
    invariant: 1,
    breaks: "a pod that is being deleted counts as ended",
    file: "operator/domain.ts",
    find: "return pod.deleting && (pod.gated || pod.node === undefined);",
    replace: "return pod.deleting;",
  },
  {
    invariant: 1,
    breaks: "a rival that comes first is ignored",
    file: `${decide}/slot.ts`,
    find: "byPodOrder(other, pod) < 0",
    replace: "byPodOrder(other, pod) < -Infinity",
  },
  {
    invariant: 2,
    breaks: "the pod is let go without the compare-and-swap",
    file: "operator/act.ts",
    find: '      await write(run, decision.status, hands);\n      await cluster.change(pod, "letGo");',
    replace: '      await cluster.change(pod, "letGo");',
  },
  {
    invariant: 2,
    breaks: "the pod is let go before the compare-and-swap",
    file: "operator/act.ts",
    find: '      await write(run, decision.status, hands);\n      await cluster.change(pod, "letGo");',
    replace: '      await cluster.change(pod, "letGo");\n      await write(run, decision.status, hands);',
  },
  {
    invariant: 2,
    breaks: "an admitted run is forgotten",
    file: "operator/domain.ts",
    find: "return run.status.pod?.uid !== undefined;",
    replace: "return run.status.pod?.uid === '';",
  },
  {
    invariant: 2,
    breaks: "a lost pod is made again",
    file: `${decide}/admitted.ts`,
    find: '  ["an admitted run whose pod is gone is lost", podGone],\n',
    replace: "",
  },
  {
    invariant: 2,
    breaks: "a gate is taken off without a test that it is ours",
    file: "operator/kubernetes/patches.ts",
    find: '    { op: "test", path: `${gate}/name`, value: schedulingGate },\n',
    replace: "",
  },
  {
    invariant: 2,
    breaks: "the next attempt does not wait for the confirmed end of the one before",
    file: `${decide}/admitted.ts`,
    find: "pod === undefined || !hasEnded(pod)) return undefined;\n  const how",
    replace: "pod === undefined || (!hasEnded(pod) && pod.disruption === undefined)) return undefined;\n  const how",
  },
  {
    invariant: 2,
    breaks: "the next attempt has the number of the one before",
    file: `${decide}/status.ts`,
    find: "attempt: attemptOf(run) + 1,",
    replace: "attempt: attemptOf(run),",
  },
  {
    invariant: 1,
    breaks: "between attempts another run takes the slot",
    file: "operator/domain.ts",
    find: "return isAdmitted(run) || isBetweenAttempts(run);",
    replace: "return isAdmitted(run);",
  },
  {
    invariant: 3,
    breaks: "the next attempt is waited for without an end",
    file: `${decide}/between.ts`,
    find: '  ["the next attempt must come in time", between(failUnmade)],\n',
    replace: "",
  },
  {
    invariant: 4,
    breaks: "an earlier attempt's figures are dropped",
    file: `${decide}/totals.ts`,
    find: "return { ...last.result, ...plus(earlier, figuresOf(last.result, last.ended)) };",
    replace: "return last.result;",
  },
  {
    invariant: 4,
    breaks: "a pod is given back by a cache that does not show its admission yet",
    file: `${decide}/sweep.ts`,
    find: "return isAdmitted(run) && run.status.pod?.uid !== pod.uid;",
    replace: "return run.status.pod?.uid !== pod.uid;",
  },
  {
    invariant: 2,
    breaks: "a run whose pod was taken out of its status is made again",
    file: `${decide}/waiting.ts`,
    find: '  ["a run whose pod was let go is no waiting run, whatever its status says", readopt],\n',
    replace: "",
  },
  {
    invariant: 3,
    breaks: "an ended pod does not end its run",
    file: `${decide}/admitted.ts`,
    find: '  ["an admitted run whose pod has ended is finished", podEnded],\n',
    replace: "",
  },
  {
    invariant: 3,
    breaks: "the start deadline is not kept",
    file: `${decide}/admitted.ts`,
    find: '  ["an admitted run that does not start in time is stopped", stopUnstarted],\n',
    replace: "",
  },
  {
    invariant: 3,
    breaks: "a pod that is gone is waited for",
    file: "operator/act.ts",
    find: 'if (await hands.cluster.exists("pod", { namespace: run.namespace, name, uid })) return 1000;',
    replace:
      'if ((await hands.cluster.exists("pod", { namespace: run.namespace, name, uid })) || uid !== "") return 1000;',
  },
  {
    invariant: 3,
    breaks: "a Job that was deleted is not made again",
    file: `${decide}/waiting.ts`,
    find: '  ["the next run\'s dead Job is made again", remakeJob],\n',
    replace: "",
  },
  {
    invariant: 4,
    breaks: "the pod is given back before its result is recorded",
    file: `${decide}/admitted.ts`,
    find: '[{ do: "record", run, status: next }, ...release]',
    replace: '[...release, { do: "record", run, status: next }]',
  },
  {
    invariant: 4,
    breaks: "a pod is let go without the finalizer that keeps its result",
    file: "operator/kubernetes/patches.ts",
    find: "    ...hold,\n",
    replace: "",
  },
  {
    invariant: 4,
    breaks: "the report is not read",
    file: `${decide}/report.ts`,
    find: "const parsed = reportSchema.safeParse(asJson(message));",
    replace: "const parsed = reportSchema.safeParse(asJson(message) === message);",
  },
  {
    invariant: 4,
    breaks: "a held pod of an unfinished run is swept",
    file: `${decide}/sweep.ts`,
    find: "pod.held && hasEnded(pod) && (isOver || isSuperseded(pod, run))",
    replace: "pod.held && hasEnded(pod)",
  },
  {
    invariant: 5,
    breaks: "an unterminated last line is dropped",
    file: "runner/stream.ts",
    find: "return this.#heldBytes > 0 || this.#overlong ? [this.#take(true)] : [];",
    replace: "return [];",
  },
  {
    invariant: 5,
    breaks: "lines of our own break into long lines",
    file: "runner/output.ts",
    find: "if (this.#insideLine) this.#heldBack.push(line);\n    else this.#appendOwn(line);",
    replace: "this.#appendOwn(line);",
  },
  {
    invariant: 5,
    breaks: "the digest does not count lines",
    file: "runner/output.ts",
    find: "    this.#lines++;\n    for",
    replace: "    for",
  },
  {
    invariant: 6,
    breaks: "secrets are not redacted",
    file: "runner/redact.ts",
    find: "if (part.length >= minimumCharacters) values.add(part);",
    replace: "if (part.length > 1e9) values.add(part);",
  },
  {
    invariant: 6,
    breaks: "run pods get a service account token",
    file: "operator/plan/job.ts",
    find: "automountServiceAccountToken: false",
    replace: "automountServiceAccountToken: true",
  },
  {
    invariant: 6,
    breaks: "a Secret's prompt is not mounted as a file",
    file: "operator/plan/job.ts",
    find: '...fileVolume("claude-run-prompt", spec.promptFrom, "prompt"),',
    replace: "",
  },
  {
    invariant: 7,
    breaks: "an Event's words are written again and again",
    file: "operator/act.ts",
    find: "  if (!isDeepStrictEqual(run.status, next)) await write(run, next, hands);",
    replace: "  await write(run, next, hands);",
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
    file: "operator/act.ts",
    find: "patience.left(run.uid, stateOf(decision.status), observed.nowMs)",
    replace: "0 * observed.nowMs",
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
    find: '{ object: "Date", property: "now", message: "The time is in Observed.now." },',
    replace: "",
  },
  {
    invariant: 8,
    breaks: "anything may write",
    file: "eslint.config.js",
    find: "callee.object.name='cluster'][callee.property.name=/^(make|record|change|remove|markLogsGone)$/",
    replace: "callee.object.name='nobody'][callee.property.name=/^(make|record|change|remove|markLogsGone)$/",
  },
];
