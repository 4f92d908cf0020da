/** Runs the operator as shipped: the bundle in one process, with its own User-Agent for the audit log. */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { fieldManager } from "../crds/names.ts";
import { namespace } from "./objects.ts";
import { start, type Program } from "./programs.ts";

const bundle = fileURLToPath(new URL("../dist/operator.mjs", import.meta.url));
const dockerfile = fileURLToPath(new URL("../Dockerfile", import.meta.url));
const version = "bench";
/** User-Agent of the operator. */
export const userAgent = `${fieldManager}/${version}`;

const startLimitMs = 30_000;

/** Starts the operator and waits until it is ready. */
export async function startOperator(options: { logFile: string; profileDirectory?: string }): Promise<Program> {
  const { logFile, profileDirectory } = options;
  const port = await freePort();
  const profile = profileDirectory === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profileDirectory}`];
  const operator = await start("operator", [process.execPath, ...shippedFlags(), ...profile, bundle], {
    logFile,
    env: {
      ...shippedEnvironment(),
      OPERATOR_VERSION: version,
      RUN_IMAGE: "localhost/claude-run/agent:dev",
      HEALTH_PORT: String(port),
      WATCH_NAMESPACES: namespace,
    },
  });
  try {
    await waitUntilReady(operator, port, logFile);
    return operator;
  } catch (error) {
    await operator.stop();
    throw error;
  }
}

/** Returns the environment of the image. */
function shippedEnvironment(): Record<string, string> {
  const lines = readFileSync(dockerfile, "utf8").matchAll(/^ENV ([A-Z_]+)=(\S+)$/gm);
  return Object.fromEntries([...lines].map(([, name = "", value = ""]) => [name, value]));
}

/** Returns node's flags in the image. */
function shippedFlags(): string[] {
  const entryPoint = /^ENTRYPOINT (\["[^"]*node".*\])$/m.exec(readFileSync(dockerfile, "utf8"))?.[1];
  if (entryPoint === undefined) throw new Error("the Dockerfile has no ENTRYPOINT that starts node");
  return (JSON.parse(entryPoint) as string[]).slice(1, -1);
}

async function waitUntilReady(operator: Program, port: number, logFile: string): Promise<void> {
  const deadlineMs = Date.now() + startLimitMs;
  while (!(await isReady(port))) {
    if (operator.hasEnded()) throw new Error(`the operator ended at once: ${lastLines(logFile)}`);
    if (Date.now() > deadlineMs) {
      throw new Error(`the operator is not ready after ${startLimitMs / 1000} s: ${lastLines(logFile)}`);
    }
    await wait(50);
  }
}

async function isReady(port: number): Promise<boolean> {
  return fetch(`http://127.0.0.1:${port}/readyz`).then(
    (response) => response.ok,
    () => false,
  );
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port is free");
  return address.port;
}

/** Returns the last lines of a program's log. */
export function lastLines(logFile: string): string {
  return readFileSync(logFile, "utf8").trimEnd().split("\n").slice(-5).join("\n");
}
