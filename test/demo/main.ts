/**
 * `make demo`: brings up a cluster, builds the images, installs the operator and lets two agents work on three runs.
 * Everything it starts ends with it but the cluster, which a second demo finds.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline/promises";
import { fileURLToPath } from "node:url";
import { complain, heading, say, tell } from "./screen.ts";

const cluster = fileURLToPath(new URL("../cluster/cluster", import.meta.url));
const scene = fileURLToPath(new URL("scene.ts", import.meta.url));

const stop = new AbortController();
const isStopped = () => stop.signal.aborted;
let child: ChildProcess | undefined;

/** Runs a command in the foreground; what it prints goes to the screen unless it is asked for. */
async function run(args: readonly string[], output: "show" | "take" = "show"): Promise<{ code: number; said: string }> {
  const isTaken = output === "take";
  const process_ = spawn(cluster, args, {
    stdio: ["ignore", isTaken ? "pipe" : "inherit", isTaken ? "pipe" : "inherit"],
  });
  child = process_;
  let said = "";
  for (const stream of [process_.stdout, process_.stderr]) {
    stream?.on("data", (chunk: Buffer) => {
      said += chunk.toString();
    });
  }
  const code = await new Promise<number>((resolve, reject) => {
    process_.on("error", reject);
    process_.on("close", (exitCode) => resolve(exitCode ?? 1));
  });
  child = undefined;
  return { code, said };
}

/** Whether the real API is to be used: only with a key, only if a person says so. */
async function wantsRealApi(): Promise<boolean> {
  if (!process.env["ANTHROPIC_API_KEY"]) {
    tell("ANTHROPIC_API_KEY is not set: the agents talk to a fake Messages API in the cluster.");
    return false;
  }
  if (!process.stdin.isTTY) {
    tell(
      "ANTHROPIC_API_KEY is set, but nobody can be asked (stdin is no terminal): the agents talk to a fake Messages API.",
    );
    return false;
  }
  tell(
    "ANTHROPIC_API_KEY is set: the three runs can talk to the real API. Each may cost up to $0.25, and the key becomes " +
      "a Secret in the demo's cluster. Otherwise they talk to a fake Messages API there.",
  );
  if (await isLocal()) {
    tell(
      "With the real API they would fail here: the pods of the local cluster reach nothing outside of it. Those of a " +
        "kind cluster do, which is used where Docker answers.",
    );
  }
  return /^y(es)?$/i.test(await ask("Use the real API? [y/N] "));
}

/** Resolves to what was typed; to nothing after Ctrl-D and Ctrl-C. */
async function ask(question: string): Promise<string> {
  const questions = createInterface({ input: process.stdin, output: process.stdout });
  questions.on("SIGINT", () => process.kill(process.pid, "SIGINT"));
  stop.signal.addEventListener("abort", () => questions.close());
  const closed = new Promise<string>((resolve) => {
    questions.once("close", () => resolve(""));
  });
  const answer = await Promise.race([questions.question(question), closed]);
  questions.close();
  return answer.trim();
}

/** Whether this is, or would be, the cluster made of processes. */
async function isLocal(): Promise<boolean> {
  const { said } = await run(["status"], "take");
  return /using the local back end|\(local,|^kube-apiserver /m.test(said);
}

async function demo(): Promise<number> {
  const isReal = await wantsRealApi();
  const startedMs = Date.now();
  const steps: { title?: string; args: string[]; done?: string; advice?: string }[] = [
    {
      title: "A cluster",
      args: ["up"],
      advice: "The cluster did not start: what it lacks, or where its logs are, stands above.",
    },
    {
      title: "The images",
      args: ["images"],
      done: "the images of the operator, the agent and the fake API are in the cluster",
      advice: "The images could not be built: the last lines of the build stand above.",
    },
    { args: ["run", "node", scene, ...(isReal ? ["--real"] : [])] },
  ];
  for (const { title, args, done, advice } of steps) {
    if (isStopped()) return 130;
    if (title !== undefined) heading(title);
    const { code } = await run(args);
    if (isStopped()) return 130;
    if (code === 0) {
      if (done !== undefined) say(done);
      continue;
    }
    if (advice !== undefined) complain(advice);
    tell("\nThe demo can be run again as it is: make demo. From scratch: test/cluster/cluster down && make demo");
    return 1;
  }
  heading("Clean up");
  say("test/cluster/cluster down    ends the cluster; a later demo is quick again");
  say("make clean                   that, and removes dist and node_modules");
  say(`\nThe demo took ${((Date.now() - startedMs) / 1000).toFixed(0)} s.`);
  return 0;
}

/** After Ctrl-C: what is left. */
async function sayWhatIsLeft(): Promise<void> {
  const { code } = await run(["status"], "take");
  tell(
    code === 0
      ? "\nStopped. The cluster is still up, and runs that were applied go on in it. Take it down: test/cluster/cluster down"
      : "\nStopped. No healthy cluster is left; what may be left of one goes with: test/cluster/cluster down",
  );
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    stop.abort();
    child?.kill(signal);
  });
}
const code = await demo();
if (isStopped()) await sayWhatIsLeft();
process.exitCode = code;
