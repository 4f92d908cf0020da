/**
 * `make demo-paperclip`: a cluster, the operator, a real Paperclip server, and two agents that each do a task.
 * Everything that it starts ends with it but the cluster, which a second demo finds.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { complain, heading, say, tell } from "../../demo/screen.ts";
import { openDoor } from "./door.ts";

const cluster = fileURLToPath(new URL("../../cluster/cluster", import.meta.url));
const packages = fileURLToPath(new URL("../packages.ts", import.meta.url));
const scene = fileURLToPath(new URL("scene.ts", import.meta.url));

const stop = new AbortController();
const isStopped = () => stop.signal.aborted;
let child: ChildProcess | undefined;

/** Runs a command in a process group of its own: we decide who hears of Ctrl-C, and once. */
async function run(command: readonly string[]): Promise<number> {
  const [file = "", ...args] = command;
  const started = spawn(file, args, { stdio: ["ignore", "inherit", "inherit"], detached: true });
  child = started;
  const code = await new Promise<number>((resolve, reject) => {
    started.on("error", reject);
    started.on("close", (exitCode) => resolve(exitCode ?? 1));
  });
  child = undefined;
  return code;
}

async function demo(): Promise<number> {
  const startedMs = Date.now();
  const directory = mkdtempSync(join(tmpdir(), "demo-paperclip-"));
  const socket = join(directory, "page");
  const door = await openDoor({ listen: 0 }, socket);
  const page = `http://127.0.0.1:${(door.address() as AddressInfo).port}`;
  const steps: { title: string; command: string[]; advice: string }[] = [
    {
      title: "Paperclip, from npm (a minute and a half the first time)",
      command: [process.execPath, packages],
      advice: "The Paperclip server could not be installed: see npm's output above.",
    },
    {
      title: "A cluster",
      command: [cluster, "up"],
      advice: "The cluster did not start: see the missing parts, or the path of its logs, above.",
    },
    {
      title: "The images",
      command: [cluster, "images"],
      advice: "The images could not be built: see the end of the build's output above.",
    },
    {
      title: "The operator",
      command: [cluster, "run", process.execPath, scene, socket, page, process.stdin.isTTY ? "stay" : "go"],
      advice: "The demo can be run again as it is: make demo-paperclip",
    },
  ];
  try {
    for (const { title, command, advice } of steps) {
      if (isStopped()) return 130;
      heading(title);
      const code = await run(command);
      if (isStopped()) return 130;
      if (code === 0) continue;
      complain(advice);
      return 1;
    }
  } finally {
    door.close();
    rmSync(directory, { recursive: true, force: true });
  }
  say(`\nThe demo took ${((Date.now() - startedMs) / 1000).toFixed(0)} s.`);
  return 0;
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    if (isStopped()) return;
    stop.abort();
    child?.kill("SIGTERM");
  });
}
process.exitCode = await demo();
tell("\nThe cluster is still up, for a later demo; test/cluster/cluster down ends it.");
