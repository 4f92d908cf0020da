/**
 * `npm run bench`: prints figures next to a floor (a plain Job) of the same benchmark. Starts a cluster separate
 * from the tests', measures in it, and takes it down.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import { homedir, loadavg } from "node:os";
import { fileURLToPath } from "node:url";
import { OptionError, readOptions, usage, type Options } from "./options.ts";

const checkout = fileURLToPath(new URL("..", import.meta.url));
const cluster = `${checkout}test/cluster/cluster`;
const inside = fileURLToPath(new URL("inside.ts", import.meta.url));

const stop = new AbortController();
const isStopping = () => stop.signal.aborted;
let child: ChildProcess | undefined;

/** Environment of a cluster separate from the tests' of this checkout. */
function clusterEnvironment(): Record<string, string> {
  const { CLUSTER_DIR: directory, CLUSTER_NS: namespace, XDG_CACHE_HOME: cache } = process.env;
  const id = createHash("sha256")
    .update(directory ?? checkout)
    .digest("hex")
    .slice(0, 8);
  return {
    CLUSTER_DIR:
      directory === undefined ? `${cache ?? `${homedir()}/.cache`}/claude-run/bench-${id}` : `${directory}-bench`,
    CLUSTER_NS: namespace === undefined ? `cr-bench-${id}` : `${namespace}-bench`,
  };
}

/** Runs a command. Only the measurement writes to stdout; stdout of other commands goes to stderr. */
async function run(command: string, args: readonly string[], stdout: "ours" | "asides"): Promise<number> {
  const started = spawn(command, args, {
    stdio: ["ignore", stdout === "ours" ? "inherit" : 2, "inherit"],
    env: { ...process.env, ...clusterEnvironment(), BENCH_LOAD: loadBefore },
    // A process group of its own, so that Ctrl-C reaches only this process, which stops the child once.
    detached: true,
  });
  child = started;
  const code = await new Promise<number>((resolve, reject) => {
    started.on("error", reject);
    started.on("close", (exitCode) => resolve(exitCode ?? 1));
  });
  child = undefined;
  return code;
}

/** Load of the machine before the benchmark. */
const loadBefore = (loadavg()[0] ?? 0).toFixed(2);

async function bench(options: Options): Promise<number> {
  const steps: [string, string[], "ours" | "asides"][] = [
    [`${checkout}tools/setup`, [], "asides"],
    [cluster, ["up"], "asides"],
    [cluster, ["build", "kwok"], "asides"],
    [cluster, ["run", process.execPath, inside, ...process.argv.slice(2)], "ours"],
  ];
  let code = 0;
  for (const [command, args, stdout] of steps) {
    if (!isStopping() && code === 0) code = await run(command, args, stdout);
  }
  if (options.keep) process.stderr.write(`bench: keeping the cluster; take it down with: ${down()}\n`);
  else code = (await run(cluster, ["down"], "asides")) || code;
  return isStopping() ? 130 : code;
}

function down(): string {
  const environment = Object.entries(clusterEnvironment()).map(([name, value]) => `${name}=${value}`);
  return `${environment.join(" ")} ${cluster} down`;
}

function optionsOrExit(): Options {
  try {
    const options = readOptions(process.argv.slice(2));
    if (options !== undefined) return options;
    process.stdout.write(`${usage}\n`);
    process.exit(0);
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    process.stderr.write(`bench: ${error.message} (--help shows all options)\n`);
    process.exit(2);
  }
}

const options = optionsOrExit();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    if (isStopping()) return;
    stop.abort();
    process.stderr.write("bench: stopping and cleaning up\n");
    child?.kill("SIGTERM");
  });
}
process.exitCode = await bench(options);
