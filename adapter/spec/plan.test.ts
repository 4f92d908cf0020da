/** Cases of the adapter that this one replaces, by their numbers: what a run is made of. */
import { mkdtemp, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { TestHost, type HostOptions } from "../testing/host.ts";
import { agentName, labelValue, runName } from "./names.ts";
import { planRun, type Plan } from "./plan.ts";
import { readSettings } from "./settings.ts";
import { sessionCodec } from "./session.ts";

async function plan(options: HostOptions = {}): Promise<Plan> {
  const { context } = new TestHost(options);
  const settings = readSettings(context.config);
  return planRun({ ctx: context, settings, namespace: "agents", leaseName: "paperclip-test" });
}

function secretText({ secrets }: Plan, key: string): string | undefined {
  return secrets
    .flatMap(({ entries }) => entries)
    .find((entry) => entry.key === key)
    ?.content.toString();
}

describe("case 35: names", () => {
  it.each([
    ["differ only after eight characters", "aaaaaaaa-1", "aaaaaaaa-2"],
    ["differ only in characters that names lack", "run_1", "run1"],
    ["differ only in case", "RUN", "run"],
    ["end in a hyphen after the cut", `${"a".repeat(15)}-b`, `${"a".repeat(15)}-c`],
  ])("ids that %s have different names", (_, one, other) => {
    expect(runName("agent", one)).not.toBe(runName("agent", other));
    expect(agentName(one)).not.toBe(agentName(other));
    for (const name of [runName("agent", one), runName(one, "run"), agentName(one)]) {
      expect(name).toMatch(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/);
    }
    expect(runName(one, other).length).toBeLessThanOrEqual(40);
  });

  it("an id without a letter or digit is rejected", async () => {
    expect(agentName("@@@")).toBeUndefined();
    await expect(plan({ agentId: "@@@" })).rejects.toThrow(/no letter or digit/);
  });
});

describe("case 36: labels", () => {
  it("an id is the same value wherever it is written or selected", async () => {
    const { run } = await plan({ agentId: "a@b c" });
    const { labels } = (run as unknown as { metadata: { labels: Record<string, string> } }).metadata;
    expect(labels["paperclip.io/agent-id"]).toBe(labelValue("a@b c"));
    expect(labelValue("a@b c")).toMatch(/^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/);
    expect(labelValue("a@b c")).not.toBe(labelValue("a-b-c"));
  });

  it("reserved labels are skipped with a note; an invalid value is rejected before anything is created", async () => {
    const planned = await plan({ config: { labels: "team=red\npaperclip.io/agent=other\n# a comment" } });
    expect(planned.run.spec.pod?.labels).toEqual({ team: "red" });
    expect(planned.notes.join()).toContain("paperclip.io/agent");
    await expect(plan({ config: { labels: { team: "not a value!" } } })).rejects.toThrow(/labels.team/);
  });
});

const toleration = { key: "gpu", operator: "Equal", value: "yes", effect: "NoSchedule" };
const shapes: readonly [key: string, forms: readonly unknown[], expected: unknown][] = [
  ["nodeSelector", [{ disk: "ssd" }, '{"disk":"ssd"}', "# fast\ndisk=ssd\n"], { disk: "ssd" }],
  ["labels", [{ team: "red" }, '{"team":"red"}', "team = red"], { team: "red" }],
  ["tolerations", [[toleration], JSON.stringify([toleration]), "# taints\ngpu=yes:NoSchedule"], [toleration]],
  [
    "resources",
    [{ limits: { memory: "1Gi" } }, '{"limits":{"memory":"1Gi"}}', "limits.memory=1Gi"],
    { limits: { memory: "1Gi" } },
  ],
];
describe.each(shapes)("case 37: %s", (key, forms, expected) => {
  it.each(forms.map((form) => [form]))("is read from %j", async (form) => {
    const pod = (await plan({ config: { [key]: form } })).run.spec.pod as Record<string, unknown>;
    expect(pod[key]).toEqual(expected);
  });

  it("absent is not empty", async () => {
    expect((await plan()).run.spec.pod).not.toHaveProperty(key);
  });

  it("that can't be read is an error that names it", async () => {
    await expect(plan({ config: { [key]: "{broken" } })).rejects.toThrow(key);
  });
});

it("case 37: resources are read from the form's dotted keys", async () => {
  const { run } = await plan({ config: { "resources.limits.memory": "2Gi", "resources.requests.cpu": "" } });
  expect(run.spec.pod?.resources).toEqual({ limits: { memory: "2Gi" } });
});

describe("case 38: the prompt", () => {
  it.each([
    ["escapes and a command", "a\\cb $(id) \"quoted\" \u{1f980} 'x'"],
    ["127 KiB", "x".repeat(127 * 1024)],
    ["129 KiB", "x".repeat(129 * 1024)],
    ["300 KiB", "ü".repeat(150 * 1024)],
  ])("of %s is taken byte for byte", async (_, promptTemplate) => {
    const planned = await plan({ config: { promptTemplate } });
    expect(planned.run.spec.prompt ?? secretText(planned, "prompt")).toBe(promptTemplate);
  });

  it("of 1.5 MiB is rejected with the allowed size", async () => {
    const promptTemplate = "x".repeat(1_572_864);
    await expect(plan({ config: { promptTemplate } })).rejects.toThrow(/allowed: 1 MiB/);
  });
});

describe("case 39: arguments", () => {
  it("survive as they are, and no shell sees them", async () => {
    const { run } = await plan({ config: { extraArgs: ["--fallback-model", "it's"] } });
    expect(run.spec.claude?.extraArgs).toEqual(["--fallback-model", "it's"]);
  });

  it("a session that is resumed gets no instructions again", async () => {
    const directory = await mkdtemp(join(tmpdir(), "adapter-"));
    const instructionsFilePath = join(directory, "AGENTS.md");
    await writeFile(instructionsFilePath, "Be kind.");
    const config = { instructionsFilePath, workspaceVolumeClaim: "ws", workspaceSubPath: "a" };
    const fresh = await plan({ config });
    expect(fresh.run.spec.claude?.appendSystemPromptFile).toBe("/paperclip-bundle/agent-instructions.md");
    expect(secretText(fresh, "file.0")).toBe("Be kind.");
    const sessionParams = { sessionId: "s-1", cwd: "/workspace", workspaceClaim: "ws", workspaceSubPath: "a" };
    const resumed = await plan({ config, runtime: { sessionParams } });
    expect(resumed.run.spec.session).toEqual({ resume: "s-1", onMissing: "Fail" });
    expect(resumed.run.spec.claude).not.toHaveProperty("appendSystemPromptFile");
    const elsewhere = await plan({ config, runtime: { sessionParams: { ...sessionParams, workspaceClaim: "other" } } });
    expect(elsewhere.run.spec).not.toHaveProperty("session");
    expect(elsewhere.notes.join()).toContain("another volume");
  });

  it("a session of which the host brings the id alone is looked for on the volume, and not without one", async () => {
    const runtime = { sessionParams: { sessionId: "s-1" } };
    const kept = await plan({ config: { workspaceVolumeClaim: "ws" }, runtime });
    expect(kept.run.spec.session).toEqual({ resume: "s-1", onMissing: "Fail" });
    expect((await plan({ runtime })).run.spec).not.toHaveProperty("session");
  });

  it("instructions are documents: a link to something else is not read", async () => {
    const directory = await mkdtemp(join(tmpdir(), "adapter-"));
    const instructionsFilePath = join(directory, "AGENTS.md");
    await symlink("/etc/passwd", instructionsFilePath);
    const planned = await plan({ config: { instructionsFilePath } });
    expect(planned.bundle.files).toEqual([]);
    expect(planned.notes.join()).toContain("only .md");
  });
});

describe("case 40: variables", () => {
  const env = {
    PAPERCLIP_RUN_ID: "forged",
    PAPERCLIP_API_KEY: "forged",
    PAPERCLIP_WAKE_REASON: "mine",
    GITHUB_TOKEN: "a-token-of-the-agent",
    TMPDIR: "/srv/scratch",
    PAPERCLIP_SCRATCH_DIR: "/srv/scratch",
  };

  it("the agent's override the wake's, never the run's identity; the host's paths are gone", async () => {
    const planned = await plan({ runId: "run-1", config: { env }, context: { wakeReason: "theirs" } });
    const { plain, secret } = planned.environment;
    expect(plain["PAPERCLIP_RUN_ID"]).toBe("run-1");
    expect(secret).toEqual({
      PAPERCLIP_WAKE_REASON: "mine",
      GITHUB_TOKEN: "a-token-of-the-agent",
      PAPERCLIP_API_KEY: "run-token-not-real",
    });
    expect(plain).not.toHaveProperty("PAPERCLIP_WAKE_REASON");
    expect(planned.notes.join()).toContain("PAPERCLIP_RUN_ID");
  });

  it("the ClaudeRun contains no possible credential, and nothing of the server's environment", async () => {
    process.env["DATABASE_URL"] = "postgres://not-for-pods";
    const { run } = await plan({ config: { env } });
    delete process.env["DATABASE_URL"];
    const text = JSON.stringify(run);
    for (const value of ["a-token-of-the-agent", "run-token-not-real", "not-for-pods"])
      expect(text).not.toContain(value);
  });

  it("each agent has a directory of its own on the claim", async () => {
    const subPaths = await Promise.all(
      ["agent-a", "agent-b"].map(async (agentId) => {
        const { run } = await plan({ agentId, config: { workspaceVolumeClaim: "ws" } });
        return run.spec.workspace?.persistentVolumeClaim?.subPath;
      }),
    );
    expect(new Set(subPaths).size).toBe(2);
  });

  it("one that Linux would not take is left out and said so", async () => {
    const planned = await plan({ config: { env: { BIG: "x".repeat(140_000) } } });
    expect(planned.environment.secret).not.toHaveProperty("BIG");
    expect(planned.notes.join()).toContain("128 KiB");
  });

  it("one without a proper name is left out, and the name, which may be a secret, is not quoted", async () => {
    const planned = await plan({ config: { env: "A=b\nc2VjcmV0/YQ==" } });
    expect(planned.environment.secret).toMatchObject({ A: "b" });
    expect(planned.notes).toContain("env: entry 2 skipped: its name is invalid");
    expect(planned.notes.join()).not.toContain("c2VjcmV0");
  });
});

it("case 42: the session codec reads every name that was ever used", () => {
  const old = {
    session_id: " s ",
    workdir: "/w",
    workspace_id: "i",
    repo_url: "u",
    repo_ref: "r",
    prompt_bundle_key: "k",
  };
  const read = { sessionId: "s", cwd: "/w", workspaceId: "i", repoUrl: "u", repoRef: "r", promptBundleKey: "k" };
  expect(sessionCodec.deserialize(old)).toEqual(read);
  expect(sessionCodec.serialize(sessionCodec.deserialize(old))).toEqual(read);
  expect(sessionCodec.deserialize({ cwd: "/w" })).toBeNull();
  expect(sessionCodec.getDisplayId?.(read)).toBe("s");
});
