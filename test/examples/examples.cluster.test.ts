/** Each manifest of examples/, as it stands, on the real cluster: it comes to the state that its header names. */
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ClaudeRun } from "../../crds/claude-run.ts";
import { Shell, checkout } from "../docs/shell.ts";
import { Stage } from "../e2e/stage.ts";
import { openVolume, type Volume } from "../e2e/workspace.ts";
import { openGitServer } from "./git-server.ts";

const directory = join(checkout, "examples");
const names = readdirSync(directory).filter((name) => name.endsWith(".yaml"));

/** The state that an example's header promises. */
function promised(name: string): string {
  const header = readFileSync(join(directory, name), "utf8");
  const state = /^# Reaches: (\w+)/m.exec(header)?.[1];
  if (state === undefined) throw new Error(`examples/${name}: no line "# Reaches: …" in its header`);
  return state;
}

/** What a test of its own does beside or instead of creating the file. */
const special = new Set(["nightly.yaml", "pvc-session-next.yaml"]);

let stage: Stage;
let shell: Shell;
let volume: Volume;
beforeAll(async () => {
  stage = await Stage.open("examples");
  shell = await Shell.open(stage.namespace);
  const [git] = await Promise.all([
    openGitServer(stage),
    openVolume(stage, "notes", "note-taker").then((opened) => (volume = opened)),
  ]);
  const gitconfig = `[url "${git}"]\n  insteadOf = https://github.com/`;
  await stage.kubectl("create", "secret", "generic", "git", `--from-literal=gitconfig=${gitconfig}`);
});
afterAll(async () => {
  shell.close();
  await stage.close();
  await volume.close();
});

/** Creates what an example holds; resolves with the names of its runs. */
async function create(name: string, ...more: string[]): Promise<string[]> {
  const file = join(directory, name);
  const created = await stage.kubectl("create", "--validate=strict", "-o", "name", "-f", file, ...more);
  return [...created.matchAll(/^clauderun\.paperclip\.io\/(.+)$/gm)].map(([, run = ""]) => run);
}

async function succeed(runs: readonly string[]): Promise<ClaudeRun[]> {
  expect(runs).not.toEqual([]);
  const ended = await Promise.all(runs.map((run) => stage.ended(run)));
  for (const run of ended) expect(run.status, run.metadata.name).toMatchObject({ phase: "Succeeded" });
  return ended;
}

function log(run: ClaudeRun): Promise<string> {
  return stage.kubectl("logs", run.status?.pod?.name ?? "");
}

it("there are examples, and each promises a state that is known here", () => {
  expect(names.length).toBeGreaterThanOrEqual(10);
  expect(new Set(names.map(promised))).toEqual(new Set(["Succeeded", "accepted"]));
});

describe.concurrent("examples/", () => {
  const plain = names.filter((name) => promised(name) === "Succeeded" && !special.has(name));
  const seen: Record<string, (runs: ClaudeRun[]) => void | Promise<void>> = {
    "mcp-servers.yaml": async ([run]) => {
      const shown = await log(run as ClaudeRun);
      expect(shown).toContain('"mcp_servers":[{"name":"tickets","status":"connected"');
      expect(shown).toContain("mcp__tickets__open_tickets");
    },
    "private-repository.yaml": async ([run]) => {
      const shown = await log(run as ClaudeRun);
      expect(shown).toMatch(/"subtype":"hook_response".*Cloning into 'repository'.*"exit_code":0/);
      expect(shown).not.toContain("git-token-of-the-test");
    },
    "priority.yaml": (runs) => {
      const byName = new Map(runs.map((run) => [run.metadata.name, run.status]));
      const started = (name: string): number => Date.parse(byName.get(name)?.startTime ?? "");
      const [first, second] = ["triage-1", "triage-2"].map(started);
      expect(started("triage-urgent")).toBeLessThan(Math.max(first ?? NaN, second ?? NaN));
    },
    "pvc-session.yaml": async ([first]) => {
      const id = first?.status?.session?.id ?? "";
      const next = await shell.run(`sed "s/SESSION/${id}/" examples/pvc-session-next.yaml | kubectl apply -f -`);
      expect(next.code, next.output).toBe(0);
      const [second] = await succeed(["notes-2"]);
      expect(second?.status?.session?.id).toBe(id);
    },
  };

  it.each(plain)("%s: Succeeded", async (name) => {
    const ended = await succeed(await create(name));
    await seen[name]?.(ended);
  });

  const accepted = names.filter((name) => promised(name) === "accepted");
  it.each(accepted)("%s: accepted by the API server", async (name) => {
    expect(await create(name, "--dry-run=server")).toHaveLength(1);
  });

  it("nightly.yaml: Succeeded, created by the CronJob's own pod", async () => {
    await create("nightly.yaml");
    await stage.kubectl("create", "job", "--from=cronjob/nightly", "nightly-now");
    await stage.kubectl("wait", "--for=condition=Complete", "job/nightly-now", "--timeout=120s");
    const made = await stage.kubectl("get", "clauderuns", "--field-selector=spec.agent=nightly", "-o", "name");
    await succeed([made.split("\n")[0]?.replace(/^.*\//, "") ?? ""]);
  });

  it("kueue.yaml: its Job bears Kueue's label; without Kueue it is Succeeded", async () => {
    const [run] = await succeed(await create("kueue.yaml"));
    const job = await stage.kubectl("get", "job", run?.status?.job?.name ?? "", "-o", "jsonpath={.metadata.labels}");
    expect(job).toContain('"kueue.x-k8s.io/queue-name":"agents"');
  });

  it("gvisor.yaml: without gVisor's RuntimeClass it says so", async () => {
    const [name = ""] = await create("gvisor.yaml");
    expect((await stage.told(name, 'RuntimeClass "gvisor" not found')).status?.phase).toBe("Queued");
  });

  it("ci-job.sh: exit code 0 with the answer of a run that is Succeeded, 1 with the reason of one that failed", async () => {
    const wrong = `url=$(kubectl get secret anthropic -o jsonpath='{.data.ANTHROPIC_BASE_URL}' | base64 -d)
      kubectl create secret generic wrong --from-literal=ANTHROPIC_API_KEY=bad-key --from-literal=ANTHROPIC_BASE_URL=$url`;
    expect((await shell.run(wrong)).code).toBe(0);
    const manifest = join(shell.directory, "wrong.yaml");
    const text = readFileSync(join(directory, "ci-job.yaml"), "utf8");
    writeFileSync(manifest, text.replace("credentialsSecretName: anthropic", "credentialsSecretName: wrong"));
    const [good, bad] = await Promise.all([
      shell.run("examples/ci-job.sh"),
      shell.run(`examples/ci-job.sh ${manifest}`),
    ]);
    expect(good).toMatchObject({ code: 0, output: expect.stringContaining("Succeeded") as string });
    expect(bad).toMatchObject({ code: 1, output: expect.stringContaining("AuthenticationFailed") as string });
  });
});
