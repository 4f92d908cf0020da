/** What kubectl shows of a run while it runs: sampled from its log, seldom, and not at all if that is switched off. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { installOperator, operatorNamespace, release } from "../install.ts";
import { Stage } from "./stage.ts";

const cluster = fileURLToPath(new URL("../cluster/cluster", import.meta.url));
let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open("progress");
});
afterAll(() => stage.close());

interface AuditEvent {
  readonly stage: string;
  readonly requestReceivedTimestamp: string;
  readonly requestURI: string;
  readonly user: { readonly username: string };
}

/** The operator's reads of the logs of this story's pods, oldest first, by the API server's audit log. */
async function logReads(): Promise<AuditEvent[]> {
  const { stdout } = await promisify(execFile)(cluster, ["logs", "audit"], { maxBuffer: 2 ** 30 });
  return stdout
    .split("\n")
    .filter((line) => line.includes(`/namespaces/${stage.namespace}/pods/`) && line.includes("/log?"))
    .map((line) => JSON.parse(line) as AuditEvent)
    .filter((event) => event.stage === "ResponseComplete")
    .filter(({ user }) => user.username === `system:serviceaccount:${operatorNamespace}:${release}`);
}

/** Longer than any interval between two reads; claude refuses a bare sleep. */
const long = { tool: "Bash", input: { command: 'node -e "setTimeout(() => {}, 28000)"' } };

it("shows the tool's name while a tool runs, and turns that grow, by reads that are 15 s apart", async () => {
  await stage.create(stage.run("watched", [long, long, { text: "done" }]));
  const seen = async (turn: number): Promise<boolean> => {
    const { progress, log } = (await stage.get("watched")).status ?? {};
    return progress?.activity === "Bash" && (progress.turns ?? 0) >= turn && (log?.lines ?? 0) > 0;
  };
  await stage.until("the first tool is shown", () => seen(1), 120);
  const { status } = await stage.get("watched");
  expect(status?.log?.complete).toBeUndefined();
  await stage.until("the second turn is shown", () => seen(2), 120);
  const ended = await stage.ended("watched");
  expect(ended.status?.progress).toBeUndefined();
  expect(ended.status?.log).toMatchObject({ complete: true });
  const times = (await logReads()).map(({ requestReceivedTimestamp }) => Date.parse(requestReceivedTimestamp));
  expect(times.length).toBeGreaterThanOrEqual(2);
  // The tick that asks may come late, never early: the one second is for two clocks' rounding.
  for (const [index, at] of times.slice(1).entries()) expect(at - (times[index] ?? 0)).toBeGreaterThan(14_000);
});

it("reads no log when it is switched off", async () => {
  await installOperator((line) => console.error(line), { values: { progressIntervalSeconds: "0" } });
  try {
    const before = (await logReads()).length;
    await stage.create(stage.run("unwatched", [long, { text: "done" }]));
    const { status } = await stage.ended("unwatched");
    expect(status).toMatchObject({ phase: "Succeeded", result: { turns: 2 } });
    expect((await logReads()).length).toBe(before);
  } finally {
    await installOperator((line) => console.error(line));
  }
});
