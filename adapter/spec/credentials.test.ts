/** No credential that Paperclip or an agent's configuration brings along can be read in a ClaudeRun. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TestHost, type HostOptions } from "../testing/host.ts";
import { mayHoldCredential } from "./credentials.ts";
import { planRun, type Plan } from "./plan.ts";
import { readSettings } from "./settings.ts";

const planted = "hunter2planted";
const repository = `https://x-access-token:${planted}@git.example.com/team/repo.git`;

async function plan(options: HostOptions): Promise<Plan> {
  const { context } = new TestHost(options);
  return planRun({ ctx: context, settings: readSettings(context.config), namespace: "agents", leaseName: "paperclip" });
}

function secretsOf({ secrets }: Plan): string {
  return secrets.flatMap(({ entries }) => entries.map(({ content }) => content.toString())).join("\n");
}

const contexts: readonly [what: string, context: Record<string, unknown>][] = [
  ["the workspace's repoUrl", { paperclipWorkspace: { source: "project", repoUrl: repository } }],
  ["repoRef", { paperclipWorkspace: { source: "project", repoRef: repository } }],
  ["branchName", { paperclipWorkspace: { source: "project", branchName: repository } }],
  ["one of the workspaces", { paperclipWorkspaces: [{ workspaceId: "w", repoUrl: repository }] }],
  ["a workspace's nested text", { paperclipWorkspaces: [{ setup: { command: `git clone ${repository}` } }] }],
  ["a service's URL", { paperclipRuntimeServices: [{ url: `http://user:${planted}@db:5432/` }] }],
  ["a service's intent", { paperclipRuntimeServiceIntents: [{ env: { DSN: `postgres://u:${planted}@db/x` } }] }],
  ["the primary URL", { paperclipRuntimePrimaryUrl: `https://app.example.com/?access_token=${planted}` }],
  ["the wake's reason", { wakeReason: `fetch ${repository}` }],
  ["the task's words, which become the prompt", { paperclipTaskMarkdown: `Clone ${repository} and fix it.` }],
  ["linked issues", { issueIds: [repository] }],
];

describe("a credential in", () => {
  it.each(contexts)("%s is in the run's Secret and not in the ClaudeRun", async (_, context) => {
    const planned = await plan({ config: { promptTemplate: "Work." }, context });
    expect(JSON.stringify(planned.run)).not.toContain(planted);
    expect(planned.notes.join("\n")).not.toContain(planted);
    expect(secretsOf(planned)).toContain(planted);
    expect(planned.run.spec.suspend).toBe(true);
  });

  it("promptTemplate is in the run's Secret", async () => {
    const planned = await plan({ config: { promptTemplate: `Use ${repository}.` } });
    expect(JSON.stringify(planned.run)).not.toContain(planted);
    expect(planned.run.spec.promptFrom).toMatchObject({ secretKeyRef: { key: "prompt" } });
  });

  it("paperclipApiUrl is in the run's Secret", async () => {
    const planned = await plan({
      config: { promptTemplate: "Work.", paperclipApiUrl: `https://a:${planted}@pc.example/` },
    });
    expect(JSON.stringify(planned.run)).not.toContain(planted);
  });

  it.each([repository, `--api=${repository}`, `Bearer ${planted}`, `https://h/?token=${planted}`])(
    "extraArgs is rejected without being quoted: %j",
    async (argument) => {
      const config = { promptTemplate: "Work.", extraArgs: ["--verbose", argument] };
      const refusal = await plan({ config }).catch((error: unknown) => String(error));
      expect(refusal).toMatch(/extraArgs must not contain a credential \(value 2/);
      expect(refusal).not.toContain(planted);
    },
  );
});

describe("a text that may contain a credential", () => {
  it.each([
    "https://git.example.com/team/repo.git",
    "mail me@example.com about https://example.com/a@b",
    "git@github.com:team/repo.git",
    "main",
    '[{"repoUrl":"https://git.example.com/repo","ref":"a@b"}]',
    "https://example.com/search?q=token&page=2",
  ])("is not %j", (text) => expect(mayHoldCredential(text)).toBe(false));

  it.each([
    "https://ghp_0123456789abcdef@github.com/x",
    "https://user:p%40ss@host/",
    "HTTPS://U:P@HOST",
    "ssh://deploy:pw@host/x",
    "git+https://t0ken@host/x.git",
    '{"a":"{\\"url\\":\\"https://u:p@h\\"}"}',
    "https://s3/x?X-Amz-Signature=abcdef",
    "sk-ant-REDACTED",
    "github_pat_0123456789abcdef",
    "Authorization: Bearer abcdefghijkl",
    "-----BEGIN RSA PRIVATE KEY-----",
  ])("is %j", (text) => expect(mayHoldCredential(text)).toBe(true));

  it("is found at any position", () => {
    const around = fc.string({ unit: "grapheme" });
    fc.assert(fc.property(around, around, (before, after) => mayHoldCredential(`${before} ${repository} ${after}`)));
  });

  it("is judged in linear time", () => {
    for (const hostile of ["://", "://a", "?token=", "sk-a", "eyJ", "-----BEGIN A", "Bearer "])
      expect(mayHoldCredential(`${hostile.repeat(50_000)} `)).toBeTypeOf("boolean");
  }, 60_000);
});
