/** Each command that `kubectl claude why` proposes works as printed, in a shell with a user's Secret and claim. */
import { execFile } from "node:child_process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ClaudeRun } from "../../crds/claude-run.ts";
import { kubectl } from "../cluster/kubectl.ts";
import { Stage } from "../e2e/stage.ts";
import { claimName, openWorkspace, type Volume } from "../e2e/workspace.ts";
import { claude, environment, type Ended } from "./claude.ts";

let stage: Stage;
let volume: Volume;
let api: string;
beforeAll(async () => {
  stage = await Stage.open("next");
  volume = await openWorkspace(stage);
  api = await kubectl(["get", "-n", "fake-api", "service/fake-api", "-o", "jsonpath={.spec.clusterIP}"]);
});
afterAll(async () => {
  await stage.close();
  await volume.close();
});

const onClaim = ["--workspace-claim", claimName, "--sub-path", "work"];
const tool = { tool: "Bash", input: { command: "echo half" }, usage: { input_tokens: 10_000 } };
/** The first turn costs about $0.04, the second less than $0.01. */
const twoTurns = JSON.stringify([tool, { text: "all done" }]);

/** Makes a run as a user does: with nothing but a Secret, which has the key and the API's address. */
async function make(name: string, prompt: string, ...flags: readonly string[]): Promise<void> {
  const credentials = flags.includes("--credentials") ? [] : ["--credentials", "anthropic"];
  const args = ["--agent", name, "--name", name, "--allowed-tools", "Bash", ...credentials, ...flags];
  const { code, stderr } = await claude(["run", `Work @fake ${prompt}`, "-n", stage.namespace, ...args]);
  expect(code, stderr).toBe(0);
}

/** The lines below "Next", by their verb. */
async function nextOf(name: string): Promise<ReadonlyMap<string, string>> {
  const { code, stdout, stderr } = await claude(["why", name, "-n", stage.namespace]);
  expect(code, stderr).toBe(0);
  const lines = stdout.split("\nNext\n")[1]?.match(/(?<=^ {2})kubectl claude .*$/gm) ?? [];
  return new Map(lines.map((line) => [line.split(" ")[2] ?? "", line]));
}

function shell(line: string): Promise<Ended> {
  return new Promise((resolve) => {
    execFile("sh", ["-c", line], { env: environment, timeout: 300_000 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), stdout, stderr });
    });
  });
}

/** Runs each command that is proposed after the run's end; returns the run that the last of them made. */
async function followed(name: string, verb: string): Promise<ClaudeRun> {
  const next = await nextOf(name);
  expect([...next.keys()]).toEqual(["logs", verb]);
  const logs = await shell(next.get("logs") ?? "");
  expect(logs, logs.stderr).toMatchObject({ code: 0 });
  expect(logs.stdout).toContain("session ");
  return made(next.get(verb) ?? "");
}

/** Runs a line that makes a run, and returns how that ended. */
async function made(line: string): Promise<ClaudeRun> {
  const { code, stdout, stderr } = await shell(line);
  expect(code, `${line}\n${stderr}`).toBe(0);
  return stage.ended(/([a-z0-9-]+) created$/m.exec(stdout)?.[1] ?? "no run");
}

const succeeded = { phase: "Succeeded", result: { text: "all done" } };
const reasonOf = async (name: string): Promise<string | undefined> => (await stage.ended(name)).status?.failure?.reason;

describe.concurrent("after the end of a run", () => {
  it.each<[reason: string, flags: readonly string[], retried: string]>([
    ["MaxTurns", ["--max-turns", "1"], " --max-turns 2 "],
    ["BudgetExceeded", ["--max-budget-usd", "0.03"], " --max-budget-usd 0.06 "],
  ])(
    "with %s: its session goes on from a claim, and its work begins again from an emptyDir",
    async (reason, flags, retried) => {
      const name = reason.toLowerCase();
      await make(`${name}-claim`, twoTurns, ...flags, ...onClaim);
      await make(`${name}-empty`, twoTurns, ...flags);
      expect(await reasonOf(`${name}-claim`)).toBe(reason);
      expect(await reasonOf(`${name}-empty`)).toBe(reason);

      const before = await stage.get(`${name}-claim`);
      const continued = await followed(`${name}-claim`, "continue");
      expect(continued.status).toMatchObject({ ...succeeded, session: { id: before.status?.session?.id } });
      expect(continued.spec).toMatchObject({
        credentialsSecretName: "anthropic",
        session: { resume: before.status?.session?.id },
      });

      expect((await nextOf(`${name}-empty`)).get("retry")).toContain(retried);
      expect((await followed(`${name}-empty`, "retry")).status).toMatchObject(succeeded);
    },
  );

  it("with SessionNotFound: in a new session", async () => {
    const id = "00000000-0000-4000-8000-000000000000";
    await make("no-session", '[{"text":"all done"}]', ...onClaim, "--resume-session", id);
    expect(await reasonOf("no-session")).toBe("SessionNotFound");
    const next = await nextOf("no-session");
    expect(next.get("retry")).toContain(" --new-session ");
    expect((await made(next.get("retry") ?? "")).status).toMatchObject(succeeded);
  });

  it("with AuthenticationFailed: once its Secret is corrected", async () => {
    const secret = ["create", "secret", "generic", "rotated", `--from-literal=ANTHROPIC_BASE_URL=http://${api}`];
    await stage.kubectl(...secret, "--from-literal=ANTHROPIC_API_KEY=bad-key");
    await make("stranger", '[{"text":"all done"}]', "--credentials", "rotated");
    expect(await reasonOf("stranger")).toBe("AuthenticationFailed");
    await stage.kubectl("delete", "secret", "rotated");
    await stage.kubectl(...secret, "--from-literal=ANTHROPIC_API_KEY=sk-test-not-real");
    expect((await followed("stranger", "retry")).status).toMatchObject(succeeded);
  });

  it("with ContainerStartFailed: once its Secret is there", async () => {
    await make("early", '[{"text":"all done"}]', "--credentials", "late", "--start-deadline", "60s");
    expect(await reasonOf("early")).toBe("ContainerStartFailed");
    const account = [
      "--from-literal=ANTHROPIC_API_KEY=sk-test-not-real",
      `--from-literal=ANTHROPIC_BASE_URL=http://${api}`,
    ];
    await stage.kubectl("create", "secret", "generic", "late", ...account);
    const next = await nextOf("early");
    expect([...next.keys()]).toEqual(["retry"]);
    expect((await made(next.get("retry") ?? "")).status).toMatchObject(succeeded);
  });

  it("with InvalidRequest: the copy that it prints can be created", async () => {
    await make("invalid", '[{"status":400,"type":"invalid_request_error","message":"tools.0: no"}]');
    expect(await reasonOf("invalid")).toBe("InvalidRequest");
    const line = (await nextOf("invalid")).get("retry") ?? "";
    const corrected = `${line} | sed 's/"status":400/"text":"all done"/' | kubectl create -f -`;
    const { code, stdout, stderr } = await shell(corrected);
    expect(code, `${corrected}\n${stderr}`).toBe(0);
    const name = /clauderun\S*\/(\S+) created/.exec(stdout)?.[1] ?? "no run";
    expect((await stage.ended(name)).status).toMatchObject(succeeded);
  });
});

describe.concurrent("before the end of a run", () => {
  it("it is resumed, read and cancelled", async () => {
    await make("held", '[{"hang":true}]', "--suspend");
    await stage.shows("held", "Suspended");
    const waiting = await nextOf("held");
    expect([...waiting.keys()]).toEqual(["resume", "cancel"]);
    expect(await shell(waiting.get("resume") ?? "")).toMatchObject({ code: 0 });

    await stage.shows("held", "Running");
    await stage.until("claude's first line", async () =>
      (await stage.kubectl("logs", "-l", "paperclip.io/run=held")).includes('"init"'),
    );
    const running = await nextOf("held");
    expect([...running.keys()]).toEqual(["logs", "cancel"]);
    const read = shell(running.get("logs") ?? "");
    expect(await shell(running.get("cancel") ?? "")).toMatchObject({ code: 0 });
    expect((await stage.ended("held")).status?.phase).toBe("Cancelled");
    expect((await read).stdout).toContain("session ");
  });
});

it("--resume-last takes over the session, the claim and the Secret", async () => {
  await make("last", twoTurns, ...onClaim);
  const before = await stage.ended("last");
  const again = `kubectl claude run "Go on." -n ${stage.namespace} --agent last --resume-last`;
  const run = await made(again);
  expect(run.spec).toMatchObject({
    credentialsSecretName: "anthropic",
    session: { resume: before.status?.session?.id },
    workspace: before.spec.workspace,
  });
  expect(run.status).toMatchObject({ phase: "Succeeded", session: { id: before.status?.session?.id } });
});
