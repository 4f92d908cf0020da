/** Responses of a proxy or a hostile server, and a run that does not end in time: nothing is quoted or left behind. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { execute } from "../execute.ts";
import { ClaudeRunApi } from "../../client/testing/claude-run-api.ts";
import { TestHost } from "../testing/host.ts";
import { allowedKubeconfig } from "../testing/kubeconfigs.ts";
import { init, operate, type OperatedRun } from "../../client/testing/operated-run.ts";
import { startRun } from "../testing/start-run.ts";
import { AdapterState } from "../adapter-state.ts";
import { ConnectionCache } from "./connections.ts";
import { watchEvents } from "../../kube/watch.ts";

/** For a busy machine. */
const deadline = { timeout: 60_000 };
const planted = "hunter2planted";
const path = "/apis/paperclip.io/v1alpha1/namespaces/agents/clauderuns";

let api: ClaudeRunApi;
beforeEach(async () => {
  api = await new ClaudeRunApi().listen();
});
afterEach(() => api.close());

const pages: readonly [what: string, body: string][] = [
  ["a proxy's page", `<html>\n<p>${planted}</p>\n</html>\n`],
  ["half an event", `{"type":"MODIFIED","object":{"spec":{"prompt":"${planted}\n`],
  ["a list", `["${planted}"]\n`],
  ["an event without an object", `{"type":"MODIFIED","text":"${planted}"}\n`],
];

describe("a watch that brings", () => {
  it.each(pages)("%s: the error quotes nothing", async (_, body) => {
    api.fault = ({ verb }) => (verb === "watch clauderuns" ? { kind: "answer", body } : undefined);
    const connection = new ConnectionCache().get(allowedKubeconfig(api.kubeconfigFile()));
    const { signal } = new AbortController();
    const events = watchEvents<unknown>(connection, { path, query: {}, resourceVersion: "1", signal });
    const error = await events.next().catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(Error);
    const { message, stack, cause } = error as Error;
    expect(message).toContain("not an event");
    expect([message, stack, String(cause)].join()).not.toContain(planted);
  });

  it.each(pages)("%s: it is opened again, and the run's end is seen", async (_, body) => {
    let pagesLeft = 3;
    api.fault = ({ verb }) => (verb === "watch clauderuns" && pagesLeft-- > 0 ? { kind: "answer", body } : undefined);
    operate(api, (run) => run.succeeds());
    const { host, result } = startRun(api);
    expect(await result).toMatchObject({ exitCode: 0, summary: "Done." });
    expect(host.ownLines + host.stderr + JSON.stringify(await result)).not.toContain(planted);
  });
});

it("an answer above the limit is broken off, and told by its size", async () => {
  const body = `{"${"x".repeat(65 * 1_048_576)}":1}`;
  api.fault = ({ verb }) => (verb === "get clauderuns" ? { kind: "answer", body } : undefined);
  const connection = new ConnectionCache().get(allowedKubeconfig(api.kubeconfigFile()));
  const error = await connection.request("GET", `${path}/one`).catch((cause: unknown) => cause);
  expect(error).toMatchObject({ code: 413, reason: "AnswerTooLarge" });
  expect((error as Error).message).toMatch(/larger than the limit of 67108864 bytes/);
  expect((error as Error).message.length).toBeLessThan(300);
});

it("the Secrets of a run that has not ended within the cancel's deadline are deleted once it has", async () => {
  let operated: OperatedRun | undefined;
  operate(api, (run) => (operated = run.running().writes(init)));
  const host = new TestHost({
    config: { kubeconfig: allowedKubeconfig(api.kubeconfigFile()), promptTemplate: "Work." },
  });
  const result = execute(new AdapterState(), host.context, { cancelDeadlineMs: 50 });
  await host.until(() => host.ownLines.includes("is running"));
  host.cancel();
  const { errorCode, errorMessage, resultJson } = await result;
  expect(errorCode).toBe("cancelled");
  expect(errorMessage).toContain("has not finished within 0.05 s");
  expect(resultJson).not.toHaveProperty("executionCancellation");
  expect(api.all("secrets"), "the run still needs them").toHaveLength(1);
  await expect.poll(() => api.runs[0]?.spec.cancel, deadline).toBe(true);
  operated?.finished("Cancelled", "Cancelled", "cancelled in Paperclip");
  await expect.poll(() => api.all("secrets"), deadline).toEqual([]);
});
