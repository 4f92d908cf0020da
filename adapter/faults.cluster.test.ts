/**
 * Runs of the real CLI on the real cluster, with one kind of fault at each verb between adapter and API server. The
 * transcript is compared with the runner's log, which is verified by its digest.
 */
import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { kubectl } from "../test/cluster/kubectl.ts";
import { Stage } from "../test/e2e/stage.ts";
import { AdapterState } from "./adapter-state.ts";
import { execute } from "./execute.ts";
import { anchorOf } from "../client/log/anchor.ts";
import { runName } from "./spec/names.ts";
import type { ApiVerb } from "../kube/testing/api-request.ts";
import { FaultProxy, type ProxyFault } from "../test/faults/fault-proxy.ts";
import { allowedKubeconfig } from "./testing/kubeconfigs.ts";
import { TestHost } from "./testing/host.ts";

let stage: Stage;
let fakeApi: string;
beforeAll(async () => {
  stage = await Stage.open("adapter-faults");
  fakeApi = await kubectl(["get", "-n", "fake-api", "service/fake-api", "-o", "jsonpath={.spec.clusterIP}"]);
});
afterAll(() => stage.close());

/** Every verb that a run asks for. */
const verbs: readonly ApiVerb[] = [
  "create leases",
  "list clauderuns",
  "create clauderuns",
  "create secrets",
  "patch clauderuns",
  "watch clauderuns",
  "get pods/log",
  "delete secrets",
];

/** Text of one to four bytes a character, so that a log breaks off inside of some. */
const print = {
  tool: "Bash",
  input: { command: 'for i in $(seq 1 200); do echo "Größe 🦀 漢字 $i"; done' },
  delayMs: 400,
};

/** Returns claude's lines from the runner's log, after verifying the digest of the whole log. */
async function proven(name: string): Promise<string> {
  const { status } = await stage.ended(name);
  const log = Buffer.from(await stage.kubectl("logs", status?.pod?.name ?? ""));
  const end = log.lastIndexOf(10, log.length - 2) + 1;
  const anchor = anchorOf(log.subarray(end));
  expect(anchor).toMatchObject({ subtype: "end", before: { bytes: end } });
  expect(createHash("sha256").update(log.subarray(0, end)).digest("hex")).toBe(anchor?.sha256);
  const own = (line: string): boolean => line.startsWith('{"type":"runner"');
  return log
    .toString()
    .split("\n")
    .filter((line) => !own(line))
    .join("\n");
}

/** How often a fault strikes each verb: the log is opened again and again. */
type Story = readonly [what: string, fault: (verb: ApiVerb, nth: number) => ProxyFault | undefined];

/** The first request of each verb. */
const once =
  (fault: ProxyFault): Story[1] =>
  (_, nth) =>
    nth === 0 ? fault : undefined;
/** The first request of each verb, and the log for twelve streams, each of which gets further. */
const again =
  (kind: "cut" | "cutCharacter"): Story[1] =>
  (verb, nth) => {
    if (verb === "get pods/log") return nth < 12 ? { kind, afterBytes: 300 + nth * 731 } : undefined;
    return nth === 0 ? { kind: "cut", afterBytes: 20 } : undefined;
  };

const stories: readonly Story[] = [
  ["a reset before it was done", once({ kind: "reset", done: false })],
  // A watch and a log have no end after which they could be reset.
  [
    "a reset after it was done",
    (verb, nth) =>
      /^(watch|get)/.test(verb) ? again("cut")(verb, nth) : once({ kind: "reset", done: true })(verb, nth),
  ],
  ["a 500", once({ kind: "reject", code: 500 })],
  ["a 410", once({ kind: "reject", code: 410 })],
  ["no answer", once({ kind: "hang" })],
  ["an answer in two pieces", once({ kind: "slow", afterBytes: 30 })],
  ["an answer that breaks off, the log's again and again", again("cut")],
  ["a log that breaks off inside of characters, again and again", again("cutCharacter")],
];

describe.concurrent("case 41: at each verb", () => {
  it.each(stories)("%s: the run succeeds, its transcript is byte for byte what the runner wrote", async (_, fault) => {
    const proxy = await FaultProxy.open();
    const kubeconfig = allowedKubeconfig(proxy.kubeconfig());
    const state = new AdapterState({ timeoutMs: 4_000 });
    const asked = new Map<ApiVerb, number>();
    const met = new Set<ApiVerb>();
    proxy.fault = (verb) => {
      const nth = asked.get(verb) ?? 0;
      asked.set(verb, nth + 1);
      const found = fault(verb, nth);
      if (found !== undefined) met.add(verb);
      return found;
    };
    const host = new TestHost({
      config: {
        kubeconfig,
        namespace: stage.namespace,
        credentialsSecretName: "anthropic",
        promptTemplate: `Do as you are told @fake ${JSON.stringify([print, print, { text: "Done." }])}`,
        env: { ANTHROPIC_BASE_URL: `http://${fakeApi}` },
      },
    });
    const result = await execute(state, host.context);
    expect(result, `${result.errorMessage ?? ""}\n${host.ownLines}`).toMatchObject({ exitCode: 0, summary: "Done." });
    const name = runName(host.context.agent.id, host.context.runId);
    expect(host.stdout).toBe(await proven(name));
    await stage.until(
      "its Secret is gone",
      async () => !(await stage.kubectl("get", "secrets", "-o", "name")).includes(name),
    );
    expect(verbs.filter((verb) => !met.has(verb))).toEqual([]);
    proxy.close();
  });
});
