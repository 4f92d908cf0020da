import { KubeConfig } from "@kubernetes/client-node";
import { describe, expect, test } from "vitest";
import { ApiServer } from "../testing/api-server.ts";
import { aRunningPod, anAdmittedRun } from "../testing/builders.ts";
import { newestCheckpoint, readCheckpoint } from "./checkpoint.ts";
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

test("a read asks for no more than the log's end, whatever was written: so many lines, so many bytes", async () => {
  const server = await new ApiServer().listen();
  const config = new KubeConfig();
  config.loadFromString(server.kubeconfig());
  const transport = new Transport(config, { userAgent: "clauderun-operator/test" });
  try {
    server.intercept = (_exchange, response) => {
      response.writeHead(200, { "content-type": "text/plain" }).end(`${checkpoint(5)}\n`);
      return true;
    };
    expect((await readCheckpoint(transport, aRunningPod(anAdmittedRun("a"))))?.log.lines).toBe(5);
    const [asked] = server.exchanges;
    expect(asked?.path).toMatch(/\/pods\/a-pod\/log$/);
    expect(Object.fromEntries(asked?.query ?? [])).toEqual({
      container: "claude",
      tailLines: "40",
      limitBytes: "196608",
    });
  } finally {
    await transport.close();
    await server.close();
  }
});
