import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parseKubeconfig } from "../../kube/access.ts";
import { ApiServer } from "../../kube/testing/api-server.ts";
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
  ["claude's lines after it are ignored", `${checkpoint(1)}\n{"type":"assistant"}\n`, 1],
  ["an incomplete line before it is ignored", `tail of something"}\n${checkpoint(1)}\n`, 1],
  ["an incomplete one is ignored, and the one before counts", `${checkpoint(1)}\n${checkpoint(2).slice(0, -20)}`, 1],
  [
    "one with values that the status does not allow is ignored",
    `${checkpoint(1)}\n${checkpoint(2, { activity: "x".repeat(5_000) })}\n`,
    1,
  ],
  ["an invalid session id is ignored, but the figures count", checkpoint(2, {}, { session: { id: "$(x)" } }), 2],
  ["negative figures are ignored", checkpoint(-1), undefined],
  ["one that claude quotes is ignored", `${JSON.stringify({ type: "user", text: checkpoint(1) })}\n`, undefined],
  ["an empty log has none", "", undefined],
  ["garbage has none", "\u0000\ufffd\n{{{{\n", undefined],
];

describe("the newest checkpoint in the end of a log", () => {
  test.each(table)("%s", (_, text, want) => {
    expect(newestCheckpoint(text)?.log.lines).toBe(want);
  });

  test("contains the session once claude has one", () => {
    const session = { id: "3f2c8a52-8c1e-4a8e-9a39-0d3f1f0b6c11" };
    expect(newestCheckpoint(checkpoint(4, {}, { session }))?.session).toEqual(session);
  });

  test("contains offsets and claude's activity, but no digest", () => {
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
  /** Text that is written after the kubelet found the first requested line, and before it read to the end. */
  let appended = "";
  const asked = (): (string | undefined)[] => server.requests.map(({ query }) => query.get("tailLines") ?? undefined);

  beforeEach(async () => {
    server = await new ApiServer().listen();
    appended = "";
    // Like the kubelet: the first bytes of the last lines.
    server.intercept = ({ query }, response) => {
      const lines = log
        .split("\n")
        .slice(0, -1)
        .slice(-Number(query.get("tailLines")));
      const text = lines.map((line) => `${line}\n`).join("") + appended;
      response
        .writeHead(200, { "content-type": "text/plain" })
        .end(Buffer.from(text).subarray(0, Number(query.get("limitBytes"))));
      return true;
    };
    transport = new Transport(parseKubeconfig(server.kubeconfig()), { userAgent: "clauderun-operator/test" });
    reader = new CheckpointReader(transport);
  });
  afterEach(async () => {
    transport.close();
    await server.close();
  });

  test("requests only the log's end, limited in lines and bytes", async () => {
    log = `${checkpoint(5)}\n`;
    expect((await reader.read(pod))?.log.lines).toBe(5);
    const [seen] = server.requests;
    expect(seen?.path).toMatch(/\/pods\/a-pod\/log$/);
    expect(Object.fromEntries(seen?.query ?? [])).toEqual({
      container: "claude",
      tailLines: "40",
      limitBytes: "196608",
    });
  });

  test("of short lines finds nothing the first time, and requests more of them the next time", async () => {
    log = `${checkpoint(7)}\n${"{}\n".repeat(20_000)}`;
    expect(await reader.read(pod)).toBeUndefined();
    expect((await reader.read(pod))?.log.lines).toBe(7);
    await reader.read(aRunningPod(anAdmittedRun("b")));
    expect(asked()).toEqual(["40", "32768", "40"]);
  });

  test("of a growing log finds a checkpoint in the requested lines", async () => {
    log = `${checkpoint(7)}\n${"{}\n".repeat(20_000)}`;
    expect(await reader.read(pod)).toBeUndefined();
    appended = "{}\n".repeat(60_000);
    expect((await reader.read(pod))?.log.lines).toBe(7);
    await reader.read(pod);
    expect(asked()).toEqual(["40", "32768", "32768"]);
  });

  test("ignores checkpoints before a cut once lines have become longer", async () => {
    log = "{}\n".repeat(20_000);
    expect(await reader.read(pod)).toBeUndefined();
    log = `${checkpoint(1)}\n${`${"x".repeat(16_000)}\n`.repeat(30)}${checkpoint(9)}\n`;
    expect(await reader.read(pod)).toBeUndefined();
    log += `{}\n${checkpoint(10)}\n`;
    await reader.read(pod);
    expect(asked()).toEqual(["40", "32768", "40"]);
  });

  test("of a short log without a checkpoint does not change the number of lines", async () => {
    log = "{}\n";
    expect(await reader.read(pod)).toBeUndefined();
    log = "";
    expect(await reader.read(pod)).toBeUndefined();
    expect(asked()).toEqual(["40", "40"]);
  });
});
