/**
 * The 42 acceptance cases of the adapter that this one replaces, and the tests that assert them by number.
 *   node adapter/testing/cases.ts          prints docs/adapter-cases.md
 */
import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** A short title of each case. */
export const cases: readonly string[] = [
  "a success has session, usage, cost, summary",
  "a missing session: `session_unavailable`, cleared, one try with a new one",
  "max turns clear the session",
  "an exit right after init names the model",
  "no raw JSON in messages",
  "an empty answer is `llm_api_error`",
  "an answer cut off is `claude_truncated`, with exit code, reason, message",
  "a plain line reaches the message",
  "exit 0 with `is_error` is a failure",
  "all blocks of one message are kept",
  "two result events (on purpose: the last one counts)",
  "odd costs, spaces, carriage returns",
  "killed before any output is a failure",
  "stderr reaches log and error",
  "progress once for each transition",
  "a container that can't start: name, code, reason",
  "image pull: retried, then the registry's message",
  "unschedulable: waits, then the scheduler's message",
  "volume, quota, invalid spec: codes of their own",
  "timeouts say the real seconds",
  "deleted, evicted, preempted, node lost are told apart",
  "the exit code, however late it is known",
  "one fault at each verb changes nothing",
  "ten silent minutes, two servers: not reaped",
  "kept objects; cleanup never changes the result",
  "two at once for one agent: never two pods",
  "SIGTERM of the server (on purpose: left alone until its Lease expires)",
  "a new run of the same task (on purpose: blocked with Forbid, never adopted)",
  "a new run of the same task (on purpose: waits with Queue, its transcript whole)",
  "a run that is being deleted blocks no other run",
  "several orphans: each is cancelled",
  "API unreachable: fails closed",
  "the same run twice, with the objects of the first try",
  "cancel in each state, acknowledged",
  "names from ids",
  "labels from ids",
  "shapes of configuration",
  "prompts of any bytes and size",
  "arguments, instructions, no shell",
  "variables: precedence, identity, no secrets, none of the server's",
  "the transcript byte for byte, under all stream faults",
  "the page's parser, the session codec, the form, the environment's test",
];

/** A test with a case's number. */
export interface CaseTest {
  readonly file: string;
  readonly title: string;
}

/** Returns the tests by case number. */
export function assertions(): Map<number, CaseTest[]> {
  const found = new Map<number, CaseTest[]>();
  for (const file of globSync("{adapter,client,test/paperclip}/**/*.test.ts", { cwd: root }).toSorted()) {
    const text = readFileSync(root + file, "utf8");
    for (const [, number = "", title = ""] of text.matchAll(
      /\(\s*["'`]case (\d+)(?: \(on purpose\))?:? ([^\n]*?)["'`],/g,
    )) {
      const list = found.get(Number(number)) ?? [];
      found.set(Number(number), [...list, { file, title }]);
    }
  }
  return found;
}

/** Returns docs/adapter-cases.md. */
export function page(): string {
  const found = assertions();
  const sections = cases.flatMap((words, n) => {
    const tests = found.get(n + 1) ?? [];
    return [`## ${n + 1}: ${words}`, "", ...tests.map(({ file, title }) => `- \`${file}\`: ${title}`), ""];
  });
  return [
    "<!-- Made by node adapter/testing/cases.ts; a test compares them. -->",
    "",
    "# The adapter's cases",
    "",
    "The adapter that this one replaces has 42 acceptance cases, most of them former failures. Each case has tests with its number:",
    "a unit test fails if a case has none. `*.cluster.test.ts` run on the real cluster, `*.long.*` in `make test-long`. A title with",
    "`${…}` is a table of tests.",
    "",
    ...sections,
  ].join("\n");
}

if (import.meta.main) process.stdout.write(page());
