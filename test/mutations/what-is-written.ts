/** Invariants 5 to 8: what is written, by whom, and what nobody may write. */
import type { Mutation } from "./mutation.ts";

const decide = "operator/decide";

export const whatIsWritten: readonly Mutation[] = [
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
