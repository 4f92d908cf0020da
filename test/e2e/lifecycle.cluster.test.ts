/** A run's life on the real cluster, with the real CLI: what kubectl shows of it from creation to its end. */
import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Stage, verdict } from "./stage.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open("lifecycle");
});
afterAll(() => stage.close());

describe.concurrent("a run", () => {
  it("succeeds with its turns, cost, session and answer, and its log can be proven whole", async () => {
    const turns = [{ tool: "Bash", input: { command: "echo from the tool" } }, { text: "All done." }];
    await stage.create(stage.run("good", turns));
    const { status } = await stage.ended("good");
    expect(status).toMatchObject({
      phase: "Succeeded",
      attempt: 1,
      observedGeneration: 1,
      result: {
        text: "All done.",
        turns: 2,
        costUSD: "0.0012",
        isError: false,
        exitCode: 0,
        usage: { outputTokens: 20 },
      },
      log: { complete: true },
    });
    expect(status?.session?.id).toMatch(/^[0-9a-f-]{36}$/);
    for (const type of ["Finished", "Succeeded", "ResultRecorded", "Started", "PodScheduled", "LogsAvailable"]) {
      expect(status?.conditions?.find((each) => each.type === type)?.status, type).toBe("True");
    }
    const log = await stage.kubectl("logs", status?.pod?.name ?? "");
    const beforeEnd = log.slice(0, log.trimEnd().lastIndexOf("\n") + 1);
    expect(createHash("sha256").update(beforeEnd).digest("hex")).toBe(status?.log?.sha256);
    expect(Buffer.byteLength(beforeEnd)).toBe(status?.log?.bytes);
    // Given back after the status is written.
    await stage.until("its pod is given back", async () => {
      const [pod] = await stage.pods("good");
      return pod !== undefined && !(pod.metadata.finalizers ?? []).includes("paperclip.io/record-result");
    });
    // Events are sent after the status, and nothing waits for them. One that never waited has only its end to tell.
    await stage.until("its Event is shown", async () => {
      const described = await stage.kubectl("describe", "clr", "good");
      return /Normal\s+Completed/.test(described);
    });
    const shown = await stage.kubectl("get", "clr", "good");
    expect(shown).toMatch(
      /NAME\s+AGENT\s+PHASE\s+REASON\s+TURNS\s+COST\s+AGE\ngood\s+good\s+Succeeded\s+Completed\s+2\s+0\.0012/,
    );
  });

  it("tells of itself in few Events: that it waits, that the wait is over, how it ended", async () => {
    const agent = "told";
    await stage.create(stage.run("ahead", [{ hang: true }], { agent }));
    await stage.shows("ahead", "Running");
    await stage.create(stage.run("behind", [{ text: "my turn" }], { agent }));
    await stage.shows("behind", "AgentBusy");
    await stage.change("ahead", { cancel: true });
    for (const name of ["ahead", "behind"]) await stage.ended(name);
    const told = async (name: string): Promise<string[]> => {
      const about = `--field-selector=involvedObject.kind=ClaudeRun,involvedObject.name=${name}`;
      const shape = "-o=jsonpath={range .items[*]}{.type} {.reason}{';'}{end}";
      return (await stage.kubectl("get", "events", about, shape)).split(";").slice(0, -1).toSorted();
    };
    const all = ["Normal Admitted", "Normal AgentBusy", "Normal Completed"];
    await stage.until("the last Event is there", async () => (await told("behind")).length >= all.length);
    expect(await told("behind")).toEqual(all);
    // On a busy cluster its admission can last long enough to be written as a wait, whose end is an Event too.
    const ofAhead = (await told("ahead")).filter((event) => event !== "Normal Admitted");
    expect(ofAhead).toEqual(["Normal Cancelled"]);
  });

  it("takes a prompt from a ConfigMap that the operator never reads", async () => {
    await stage.kubectl("create", "configmap", "prompts", `--from-literal=p=Say it @fake [{"text":"From a file."}]`);
    const promptFrom = { configMapKeyRef: { name: "prompts", key: "p" } };
    await stage.create(stage.run("from-file", [], { promptFrom }));
    expect((await stage.ended("from-file")).status?.result?.text).toBe("From a file.");
  });

  it("that reaches maxTurns fails with what it had, and says what to do", async () => {
    const loop = [{ tool: "Bash", input: { command: "true" } }];
    await stage.create(stage.run("endless", loop, { claude: { allowedTools: ["Bash"], maxTurns: 2 } }));
    const run = await stage.ended("endless");
    expect(run.status).toMatchObject({
      phase: "Failed",
      failure: { reason: "MaxTurns", retryable: false },
      result: { turns: 3, costUSD: "0.0012" },
    });
    expect(verdict(run).message).toContain("raise claude.maxTurns");
  });

  it("with a wrong key fails as AuthenticationFailed", async () => {
    await stage.kubectl("create", "secret", "generic", "wrong", "--from-literal=ANTHROPIC_API_KEY=bad-key");
    await stage.create(stage.run("stranger", [{ text: "never" }], { credentialsSecretName: "wrong" }));
    expect((await stage.ended("stranger")).status?.failure?.reason).toBe("AuthenticationFailed");
  });

  it("with a TTL of its own is gone some seconds after its end, and all that was made for it", async () => {
    await stage.create(stage.run("fleeting", [{ text: "done" }], { ttlSecondsAfterFinished: 5 }));
    expect((await stage.ended("fleeting")).status?.phase).toBe("Succeeded");
    await stage.kubectl("wait", "--for=delete", "clauderun/fleeting", "--timeout=180s");
    const left = (): Promise<string> =>
      stage.kubectl("get", "jobs,pods,configmaps", "-l", "paperclip.io/run=fleeting", "-o", "name");
    await stage.until("nothing of it is left", async () => (await left()) === "");
  });

  it("past its activeDeadlineSeconds is ended by the runner", async () => {
    await stage.create(stage.run("slow", [{ hang: true }], { activeDeadlineSeconds: 12 }));
    const run = await stage.ended("slow");
    expect(run.status).toMatchObject({ phase: "Failed", failure: { reason: "DeadlineExceeded" } });
    // On a busy machine the deadline can come before claude's first line.
    const log = await stage.kubectl("logs", run.status?.pod?.name ?? "");
    const said = /"subtype":"init".*?"session_id":"([^"]+)"/u.exec(log)?.[1];
    expect(run.status?.session?.id).toBe(said);
  });

  it("asked to go on in a session that no volume has kept fails as SessionNotFound", async () => {
    await stage.create(stage.run("before", [{ text: "hello" }]));
    const first = await stage.ended("before");
    const session = { resume: first.status?.session?.id ?? "", onMissing: "Fail" as const };
    await stage.create(stage.run("no-volume", [{ text: "never" }], { session }));
    const run = await stage.ended("no-volume");
    // An emptyDir ends with its pod: the session is honestly not there.
    expect(run.status?.failure?.reason).toBe("SessionNotFound");
  });
});
