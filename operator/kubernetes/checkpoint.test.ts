import { KubeConfig } from "@kubernetes/client-node";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ApiServer } from "../testing/api-server.ts";
import { aRunningPod, anAdmittedRun } from "../testing/builders.ts";
import { CheckpointReader, newestCheckpoint } from "./checkpoint.ts";
import { Transport } from "./transport.ts";

const sha256 = "0".repeat(64);
function checkpoint(lines: number, facts: object = {}, more: object = {}): string {
  const progress = { turns: 2, lastActivityTime: "2026-01-01T12:00:00.000Z", activity: "Bash", ...facts };
  const log = { lines, bytes: lines * 10, sha256 };
  return JSON.stringify({
    type: "runner",
    subtype: "checkpoint",
    time: progress.lastActivityTime,
    log,
    progress,
    ...more,
    seq: 7,
  });
}

const table: readonly (readonly [name: string, text: string, want: number | undefined])[] = [
  ["the last one counts", `{"type":"assistant"}\n${checkpoint(1)}\n{"type":"user"}\n${checkpoint(3)}\n`, 3],
  ["claude's lines after it do not matter", `${checkpoint(1)}\n{"type":"assistant"}\n`, 1],
  ["a piece of a line before it does not matter", `tail of something"}\n${checkpoint(1)}\n`, 1],
  ["one that is cut off is none, the one before it counts", `${checkpoint(1)}\n${checkpoint(2).slice(0, -20)}`, 1],
  ["one that no status would take is none", `${checkpoint(1)}\n${checkpoint(2, { activity: "x".repeat(5_000) })}\n`, 1],
  ["one whose session no status would take is none", `${checkpoint(1)}\n${checkpoint(2, {}, { session: "s" })}`, 1],
  ["negative figures are none", checkpoint(-1), undefined],
  ["quoted by claude it is none", `${JSON.stringify({ type: "user", text: checkpoint(1) })}\n`, undefined],
  ["nothing says nothing", "", undefined],
  ["garbage says nothing", "\u0000\ufffd\n{{{{\n", undefined],
];

describe("the newest checkpoint in the end of a log", () => {
  test.each(table)("%s", (_, text, want) => {
    expect(newestCheckpoint(text)?.log.lines).toBe(want);
  });

  test("says the session once claude has named it", () => {
    const session = { id: "3f2c8a52-8c1e-4a8e-9a39-0d3f1f0b6c11" };
    expect(newestCheckpoint(checkpoint(4, {}, { session }))?.session).toEqual(session);
  });

  test("says what a status takes: offsets, and what claude does; the digest comes at the end", () => {
    expect(newestCheckpoint(checkpoint(4))).toEqual({
      log: { lines: 4, bytes: 40, lastLineTime: "2026-01-01T12:00:00.000Z" },
      progress: { turns: 2, lastActivityTime: "2026-01-01T12:00:00.000Z", activity: "Bash" },
    });
  });
});

describe("a read", () => {
  const pod = aRunningPod(anAdmittedRun("a"));
  let server: ApiServer;
  let transport: Transport;
  let reader: CheckpointReader;
  let log = "";
  /** Written between the kubelet's search for the first of the last lines and its reading from there to the end. */
  let meanwhile = "";
  const asked = (): (string | undefined)[] => server.exchanges.map(({ query }) => query.get("tailLines") ?? undefined);

  beforeEach(async () => {
    server = await new ApiServer().listen();
    meanwhile = "";
    // As the kubelet does it: the first bytes of the last lines.
    server.intercept = ({ query }, response) => {
      const lines = log
        .split("\n")
        .slice(0, -1)
        .slice(-Number(query.get("tailLines")));
      const text = lines.map((line) => `${line}\n`).join("") + meanwhile;
      response
        .writeHead(200, { "content-type": "text/plain" })
        .end(Buffer.from(text).subarray(0, Number(query.get("limitBytes"))));
      return true;
    };
    const config = new KubeConfig();
    config.loadFromString(server.kubeconfig());
    transport = new Transport(config, { userAgent: "clauderun-operator/test" });
    reader = new CheckpointReader(transport);
  });
  afterEach(async () => {
    await transport.close();
    await server.close();
  });

  test("asks for no more than the log's end, whatever was written: so many lines, so many bytes", async () => {
    log = `${checkpoint(5)}\n`;
    expect((await reader.read(pod))?.log.lines).toBe(5);
    const [seen] = server.exchanges;
    expect(seen?.path).toMatch(/\/pods\/a-pod\/log$/);
    expect(Object.fromEntries(seen?.query ?? [])).toEqual({
      container: "claude",
      tailLines: "40",
      limitBytes: "196608",
    });
  });

  test("among short lines finds nothing the first time, and asks for more of them the next", async () => {
    log = `${checkpoint(7)}\n${"{}\n".repeat(20_000)}`;
    expect(await reader.read(pod)).toBeUndefined();
    expect((await reader.read(pod))?.log.lines).toBe(7);
    await reader.read(aRunningPod(anAdmittedRun("b")));
    expect(asked()).toEqual(["40", "32768", "40"]);
  });

  test("of a log that grows as it is read takes what is among the lines that were asked for", async () => {
    log = `${checkpoint(7)}\n${"{}\n".repeat(20_000)}`;
    expect(await reader.read(pod)).toBeUndefined();
    meanwhile = "{}\n".repeat(60_000);
    expect((await reader.read(pod))?.log.lines).toBe(7);
    await reader.read(pod);
    expect(asked()).toEqual(["40", "32768", "32768"]);
  });

  test("does not take for the newest what comes before a cut, once lines have grown", async () => {
    log = "{}\n".repeat(20_000);
    expect(await reader.read(pod)).toBeUndefined();
    log = `${checkpoint(1)}\n${`${"x".repeat(16_000)}\n`.repeat(30)}${checkpoint(9)}\n`;
    expect(await reader.read(pod)).toBeUndefined();
    log += `{}\n${checkpoint(10)}\n`;
    await reader.read(pod);
    expect(asked()).toEqual(["40", "32768", "40"]);
  });

  test("of a log that is all there and has no checkpoint yet changes nothing", async () => {
    log = "{}\n";
    expect(await reader.read(pod)).toBeUndefined();
    log = "";
    expect(await reader.read(pod)).toBeUndefined();
    expect(asked()).toEqual(["40", "40"]);
  });
});
