/** What claude's tools leave behind: orphans that have ended are gone, orphans that stay end before the last word. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Stage } from "./stage.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open("processes");
});
afterAll(() => stage.close());

const bash = (command: string) => ({ tool: "Bash", input: { command } });
/** Children of subshells that end before them. */
const orphans = "for i in $(seq 200); do (sh -c 'sleep 0.05' > /dev/null 2>&1 &); done; echo left";
/** A process that has just ended waits a moment for init to take it: what counts is that none of them remains. */
const zombies = "cat /proc/[0-9]*/stat 2> /dev/null | grep -c ') Z '";
const settled = `while pgrep -x sleep; do :; done; for try in $(seq 600); do [ "$(${zombies})" = 0 ] && break; sleep 0.1; done`;
const count = `${settled}; echo zombies:$(${zombies})`;
/** Not before the runner has said what it knows: else it depends on who is quicker. */
const killer = "until [ -s /dev/termination-log ]; do sleep 0.05; done; kill 1; sleep 60";
const forger = "setsid sh -c 'while :; do echo forged > /dev/termination-log; done' > /dev/null 2>&1 &";

describe.concurrent("what a tool leaves behind", () => {
  it("does not fill the process table: 200 orphans that have ended are gone", async () => {
    await stage.create(stage.run("orphans", [bash(orphans), bash(count), { text: "done" }]));
    const run = await stage.ended("orphans");
    expect(run.status?.phase).toBe("Succeeded");
    const log = await stage.kubectl("logs", run.status?.pod?.name ?? "");
    expect(/zombies:\d+/u.exec(log)?.[0]).toBe("zombies:0");
  });

  it("has not the last word: what left claude's group ends before the report is written", async () => {
    await stage.create(stage.run("forger", [bash(forger), { text: "mine" }]));
    const run = await stage.ended("forger");
    expect(run.status).toMatchObject({ phase: "Succeeded", result: { text: "mine", exitCode: 0 } });
  });

  it("and a tool that ends the whole pod ends the run: its session is known, the rest is marked incomplete", async () => {
    await stage.create(stage.run("killer", [bash(killer), { text: "never" }]));
    const run = await stage.ended("killer");
    expect(run.status).toMatchObject({
      failure: { reason: "NoResult", retryable: true },
      result: { incomplete: true },
      log: { complete: false },
    });
    expect(run.status?.session?.id).toBeDefined();
  });
});
