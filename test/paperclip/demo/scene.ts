/**
 * The part of the demo that speaks to cluster and server; main.ts runs it through `test/cluster/cluster run`.
 *   node test/paperclip/demo/scene.ts SOCKET PAGE stay|go
 */
import { setTimeout as wait } from "node:timers/promises";
import { startFakeApi } from "../../demo/stage.ts";
import { columns, complain, heading, say, showTable, tell } from "../../demo/screen.ts";
import { installOperator } from "../../install.ts";
import type { Turn } from "../../e2e/stage.ts";
import { Office } from "../office.ts";
import { openDoor } from "./door.ts";
import { watchRun, type Watched } from "./watch-run.ts";

interface Task {
  readonly agent: string;
  readonly title: string;
  readonly turns: readonly Turn[];
}

const tool = (command: string): Turn => ({ tool: "Bash", input: { command }, delayMs: 1_500 });
const cart = "export const total = (items) => items.reduce((sum, item) => sum + item.price);";
const tryIt = `import { total } from "./cart.mjs"; console.log(total([{ price: 2 }, { price: 3 }]))`;
const tasks: readonly Task[] = [
  {
    agent: "Reviewer",
    title: "Find out what is wrong with total()",
    turns: [
      tool(`echo '${cart}' | tee cart.mjs`),
      tool(`node --input-type=module -e '${tryIt}'`),
      {
        text: "total() answers '[object Object]3' instead of 5: reduce begins with the first item. Pass 0 as its second argument.",
        delayMs: 1_500,
      },
    ],
  },
  {
    agent: "Writer",
    title: "Write a haiku about pods",
    turns: [
      tool(
        "(echo 'A pod wakes at dawn'; echo 'it follows its log to sleep'; echo 'the last line is proof') | tee haiku.txt",
      ),
      tool("wc -l haiku.txt"),
      { text: "The haiku is in haiku.txt: three lines.", delayMs: 1_500 },
    ],
  },
];

async function play(socket: string, page: string, stop: AbortSignal): Promise<boolean> {
  say(`the fake Messages API answers at ${await startFakeApi()}, inside the cluster only`);
  stop.throwIfAborted();
  await installOperator(say, { signal: stop });

  heading("A Paperclip server, its database, and the adapter installed in it");
  stop.throwIfAborted();
  tell("The server may do in the cluster what the chart's role for it allows, and no more.");
  const office = await Office.open("demo-paperclip");
  try {
    const door = await openDoor({ listen: socket }, office.port);
    stop.throwIfAborted();
    tell(`its page, while the demo goes on: ${page}`);
    const isGood = await work(office, stop);
    if (process.argv[4] === "stay") {
      tell(`\nThe page stays as long as the demo: ${page}\nCtrl-C ends both.`);
      await wait(2 ** 31 - 1, undefined, { signal: stop }).catch(() => undefined);
    }
    door.close();
    return isGood;
  } finally {
    heading("Clean up");
    say("ending the server and its database, deleting the namespace of the runs");
    await office.close();
  }
}

/** Two agents, a task for each; true if both were done. */
async function work(office: Office, stop: AbortSignal): Promise<boolean> {
  heading("Two agents of a company, each with a task");
  const issues = [];
  for (const { agent, title, turns } of tasks) {
    issues.push(await office.issue(await office.agent(agent), turns, title));
    tell(`${agent}: ${title}`, "  ");
  }
  heading("Live: their runs, as Paperclip's REST API tells them");
  const width = Math.max(...tasks.map(({ agent }) => agent.length));
  const watched = await Promise.all(
    issues.map((issue, index) => watchRun(office, issue, { name: tasks[index]?.agent ?? "", index, width, stop })),
  );
  heading("Results");
  showTable("GET /api/heartbeat-runs/…", table(watched));
  // The host may know it a second earlier.
  for (const { run } of watched) await office.finished(run.id);
  const args = ["get", "clauderuns", "-o", "wide"];
  showTable(`kubectl ${args.join(" ")}`, narrow(await office.stage.kubectl(...args)));
  tell("\nNo money was spent: the fake API sent the token counts, and claude priced them by its list.");
  return watched.every(({ run }) => run.status === "succeeded");
}

function table(watched: readonly Watched[]): string {
  const rows = watched.map(({ name, run }) => [
    name,
    run.status,
    run.errorCode ?? "-",
    costOf(run),
    run.sessionIdAfter ?? "-",
  ]);
  const all = [["AGENT", "STATUS", "ERROR", "COST", "SESSION"], ...rows];
  const widths = all[0]?.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0))) ?? [];
  return all.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ")).join("\n");
}

function costOf({ usageJson }: Watched["run"]): string {
  const cost = usageJson?.["costUsd"];
  return typeof cost === "number" ? `$${cost}` : "-";
}

function narrow(text: string): string {
  return text
    .split("\n")
    .map((line) => line.slice(0, columns()).trimEnd())
    .join("\n");
}

const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => stop.abort(new Error(signal)));
}
const [, , socket = "", page = ""] = process.argv;
try {
  process.exitCode = (await play(socket, page, stop.signal)) ? 0 : 1;
} catch (error) {
  if (!stop.signal.aborted) complain(`\nThe demo failed: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = stop.signal.aborted ? 130 : 1;
}
