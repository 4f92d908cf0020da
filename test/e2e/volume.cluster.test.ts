/** A workspace that outlives its runs: the session is continued on it, and each run reports its own cost only. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { Stage } from "./stage.ts";
import { claimName, openWorkspace } from "./workspace.ts";

let stage: Stage;
let volume: { close: () => Promise<void> };
beforeAll(async () => {
  stage = await Stage.open("volume");
  volume = await openWorkspace(stage);
});
afterAll(async () => {
  await stage.close();
  await volume.close();
});

it("a second run continues the first one's session and files, and costs what it spent itself", async () => {
  const workspace = { persistentVolumeClaim: { claimName, subPath: "work" } };
  const write = [{ tool: "Bash", input: { command: "echo PINEAPPLE > word.txt" } }, { text: "Written." }];
  await stage.create(stage.run("first", write, { agent: "author", workspace }));
  const first = await stage.ended("first");
  expect(first.status).toMatchObject({ phase: "Succeeded", result: { costUSD: "0.0012" } });

  const session = { resume: first.status?.session?.id ?? "", onMissing: "Fail" as const };
  const read = [{ tool: "Bash", input: { command: "cat word.txt" } }, { text: "It says PINEAPPLE." }];
  await stage.create(stage.run("second", read, { agent: "author", workspace, session }));
  const second = await stage.ended("second");
  expect(second.status).toMatchObject({
    phase: "Succeeded",
    session: first.status?.session,
    result: { turns: 2, costUSD: "0.0012", text: "It says PINEAPPLE." },
  });
  expect(await stage.kubectl("logs", second.status?.pod?.name ?? "")).toContain("PINEAPPLE");
});
