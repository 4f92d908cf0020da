import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parseKubeconfig } from "../../kube/access.ts";
import { AnswerTooLargeError } from "../errors.ts";
import { aPod, aRun } from "../testing/builders.ts";
import { ApiServer } from "../../kube/testing/api-server.ts";
import { sendJson } from "../../kube/testing/responses.ts";
import { listActivePods } from "./active-pods.ts";
import { listPages } from "./list-pages.ts";
import { Transport } from "./transport.ts";

const path = "/api/v1/namespaces/team/pods";
let server: ApiServer;
let transport: Transport;

beforeEach(async () => {
  server = await new ApiServer({ namespace: "team" }).listen();
  transport = new Transport(parseKubeconfig(server.kubeconfig()), { userAgent: "test/1" });
});

afterEach(async () => {
  transport.close();
  await server.close();
});

/** Stores a pod whose JSON has about so many bytes. */
function store(name: string, bytes: number, metadata: object = {}): void {
  server.put("pods", { metadata: { name, ...metadata }, text: "x".repeat(bytes) });
}

async function read(): Promise<{ names: string[]; tooLarge: string[] }> {
  const [names, tooLarge]: [string[], string[]] = [[], []];
  for await (const page of listPages(transport, path, {})) {
    expect(page.bytes).toBeLessThanOrEqual(10 * 2 ** 20);
    names.push(...page.items.map(({ metadata }) => metadata?.name ?? ""));
    tooLarge.push(...page.tooLarge.map(({ metadata }) => metadata?.name ?? ""));
  }
  return { names, tooLarge };
}

const limits = (): (string | null)[] => server.requests.map(({ query }) => query.get("limit"));

test("small objects come in pages of 50", async () => {
  for (let i = 0; i < 120; i += 1) store(`p${i}`, 10);
  expect((await read()).names).toHaveLength(120);
  expect(limits()).toEqual(["50", "50", "50"]);
});

test("a page that is too large is asked for again with fewer objects, which grow again when they can", async () => {
  for (let i = 0; i < 10; i += 1) store(`large${i}`, 1_300_000);
  for (let i = 0; i < 200; i += 1) store(`small${i}`, 10);
  const { names, tooLarge } = await read();
  expect(new Set(names).size).toBe(210);
  expect(tooLarge).toEqual([]);
  expect(limits().slice(0, 6)).toEqual(["50", "25", "12", "6", "3", "1"]);
  expect(limits().at(-1)).toBe("50");
});

test("an object that is too large by itself is told by its metadata, and the others go on", async () => {
  store("before", 10);
  store("huge", 4_000_000);
  store("after", 10);
  store("huge-too", 9_000_000);
  expect(await read()).toEqual({ names: ["before", "after"], tooLarge: ["huge", "huge-too"] });
});

test("an object whose metadata alone is as large as etcd and JSON allow is told too", async () => {
  store("before", 10);
  store("huge", 10, { ownerReferences: [{ name: "x".repeat(9_400_000) }] });
  store("after", 10);
  expect(await read()).toEqual({ names: ["before", "after"], tooLarge: ["huge"] });
});

test("one whose metadata is too large fails the list with an error that says so", async () => {
  store("huge", 10, { annotations: { a: "x".repeat(12_000_000) } });
  await expect(read()).rejects.toThrow(AnswerTooLargeError);
});

describe("an answer", () => {
  const asked = (): Promise<unknown> => transport.request("GET", `${path}/a`);

  test.each([
    ["without an end", false],
    ["with its length", true],
  ])("%s that is too large is broken off, and names what was asked", async (_what, isWhole) => {
    let sent = 0;
    server.intercept = (_exchange, response) => {
      if (isWhole) {
        sendJson(response, 200, { text: "x".repeat(20_000_000) });
        return true;
      }
      response.writeHead(200);
      const more = (): void => {
        while (!response.destroyed && response.write("x".repeat(65_536))) sent += 65_536;
      };
      response.on("drain", more);
      more();
      return true;
    };
    await expect(asked()).rejects.toThrow(`GET ${path}/a: the answer is larger than 3145728 bytes`);
    expect(sent).toBeLessThan(20_000_000);
    server.intercept = () => false;
    await transport.request("GET", path);
  });

  test("with an error that is too large still shows the status code", async () => {
    server.intercept = (_exchange, response) => {
      sendJson(response, 422, { kind: "Status", reason: "Invalid", message: "x".repeat(5_000_000) });
      return true;
    };
    await expect(asked()).rejects.toThrow(`GET ${path}/a: 422 Unprocessable Entity`);
  });

  test("that is discarded may have any size", async () => {
    server.intercept = (_exchange, response) => {
      sendJson(response, 200, { text: "x".repeat(5_000_000) });
      return true;
    };
    await expect(transport.request("PATCH", `${path}/a`, { body: {}, answer: "ignored" })).resolves.toBeUndefined();
  });
});

describe("the agent's active pods", () => {
  const pod = { ...aPod(aRun("mine")), namespace: "team", agent: "builder" };
  const labels = { "paperclip.io/agent": "builder" };

  test("are one list that is no older than the pod, as long as it is small", async () => {
    store("a", 10, { labels });
    expect(await listActivePods(transport, pod)).toEqual([]);
    expect(server.requests).toHaveLength(1);
    expect(server.requests[0]?.query.get("resourceVersionMatch")).toBe("NotOlderThan");
  });

  test("are found in pages among larger ones of others", async () => {
    for (let i = 0; i < 8; i += 1) store(`other${i}`, 1_000_000, { labels });
    const mine = { ...labels, "paperclip.io/run": "mine" };
    store("mine", 10, { labels: mine, annotations: { "paperclip.io/run-uid": "1" } });
    expect((await listActivePods(transport, pod)).map(({ name }) => name)).toEqual(["mine"]);
  });

  test.each([
    ["one of them is too large", 1, 5_000_000],
    ["all together are too large", 40, 1_000_000],
  ])("are unknown if %s: the error names it, the namespace and the label", async (_what, count, bytes) => {
    for (let i = 0; i < count; i += 1) store(`other${i}`, bytes, { labels });
    const failed = listActivePods(transport, pod);
    await expect(failed).rejects.toThrow(AnswerTooLargeError);
    await expect(failed).rejects.toThrow(
      /^Pods of namespace team labelled paperclip.io\/agent=builder are too large to be listed \(such as other\d+\): delete/,
    );
  });
});
