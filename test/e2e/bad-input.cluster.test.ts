/** The wrong thing, tried for real: a clear rejection, or a clear condition and a clear end. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Stage, verdict } from "./stage.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open("bad-input");
});
afterAll(() => stage.close());

const text = [{ text: "never" }];
const soon = { startDeadlineSeconds: 8 };

describe.concurrent("is refused at once, with advice:", () => {
  const refused: readonly [name: string, spec: object, advice: string][] = [
    ["an unknown field", { prompts: "hello" }, 'unknown field "spec.prompts"'],
    ["no prompt at all", { prompt: null }, "must set exactly one of prompt, promptFrom"],
    ["a prompt too long", { prompt: "é".repeat(40_000) }, "must be at most 64 KiB of UTF-8"],
    ["a flag that the operator owns", { claude: { extraArgs: ["--output-format=json"] } }, "--output-format"],
    ["an agent that is no label", { agent: "My Agent" }, "spec.agent"],
  ];
  it.each(refused)("%s", async (_, spec, advice) => {
    const run = stage.run("refused", text);
    expect(await stage.refusal({ ...run, spec: { ...run.spec, ...spec } })).toContain(advice);
  });
});

describe.concurrent("is shown as what it is, and fails with what to do:", () => {
  it("a Secret that does not exist", async () => {
    await stage.create(stage.run("no-secret", text, { ...soon, credentialsSecretName: "no-such-secret" }));
    const waiting = await stage.shows("no-secret", "CreateContainerConfigError");
    expect(waiting.status?.phase).toBe("Pending");
    expect(verdict(waiting).message).toContain('secret "no-such-secret" not found');
    const run = await stage.ended("no-secret");
    expect(run.status?.failure?.reason).toBe("ContainerStartFailed");
    expect(run.status?.failure?.message).toContain("no-such-secret");
  });

  it("an image that does not exist", async () => {
    await stage.create(stage.run("no-image", text, { ...soon, pod: { image: "localhost/no/such:image" } }));
    expect((await stage.shows("no-image", "ImagePullBackOff")).status?.phase).toBe("Pending");
    const run = await stage.ended("no-image");
    expect(run.status?.failure).toMatchObject({
      reason: "ImagePullFailed",
      message: expect.stringContaining("localhost/no/such:image") as string,
    });
  });

  it("a prompt from a Secret that does not exist", async () => {
    const promptFrom = { secretKeyRef: { name: "no-such-prompt", key: "p" } };
    await stage.create(stage.run("no-prompt", text, { startDeadlineSeconds: 15, promptFrom }));
    const waiting = await stage.shows("no-prompt", "FailedMount");
    expect(waiting.status?.phase).toBe("Pending");
    expect(verdict(waiting).message).toContain("no-such-prompt");
    const run = await stage.ended("no-prompt");
    expect(run.status?.failure).toMatchObject({
      reason: "ContainerStartFailed",
      message: expect.stringContaining("no-such-prompt") as string,
    });
  });

  it("a node that does not exist", async () => {
    await stage.create(stage.run("no-node", text, { ...soon, pod: { nodeSelector: { "no-such": "node" } } }));
    expect((await stage.shows("no-node", "Unschedulable")).status?.phase).toBe("Pending");
    const run = await stage.ended("no-node");
    expect(run.status?.failure?.reason).toBe("Unschedulable");
  });

  it("an image without node", async () => {
    const env = [{ name: "PATH", value: "/nowhere" }];
    await stage.create(stage.run("no-runner", text, { pod: { env } }));
    const run = await stage.ended("no-runner");
    expect(run.status?.failure?.reason).toBe("RunnerMissing");
  });

  it("an image without claude", async () => {
    const image = "localhost/claude-run/fake-api:dev";
    await stage.create(stage.run("no-claude", text, { pod: { image } }));
    expect((await stage.ended("no-claude")).status?.failure?.reason).toBe("ClaudeMissing");
  });

  it("a pod that the namespace's Pod Security refuses", async () => {
    await stage.create(
      stage.run("insecure", text, { ...soon, pod: { securityContext: { runAsUser: 0, runAsNonRoot: false } } }),
    );
    const waiting = await stage.shows("insecure", "Admitting");
    expect(waiting.status?.phase).toBe("Queued");
    await stage.until("the refusal is quoted", async () =>
      verdict(await stage.get("insecure")).message.includes("violates PodSecurity"),
    );
    await stage.change("insecure", { cancel: true });
    expect((await stage.ended("insecure")).status?.phase).toBe("Cancelled");
  });
});
