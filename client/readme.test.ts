/** Type-checks and runs the README's examples unchanged, with the package as npm installs it. */
import { execFile, execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { beforeAll, beforeEach, expect, it } from "vitest";
import { ClaudeRunApi } from "./testing/claude-run-api.ts";
import { OperatedRun, operate } from "./testing/operated-run.ts";

const folder = fileURLToPath(new URL(".", import.meta.url));
const repository = fileURLToPath(new URL("..", import.meta.url));
const readme = readFileSync(join(folder, "README.md"), "utf8");
const examples = [...readme.matchAll(/^## (.+)\n[^]*?^```ts\n([^]*?)^```$/gm)].map(([, title = "", code = ""]) => ({
  title,
  code,
}));
const session = "0b5e0a5e-59b5-4d2e-8f5a-2c1d9b1d7c11";

/** A program's folder, with the package installed. */
let program: string;
let api: ClaudeRunApi;

beforeAll(() => {
  program = mkdtempSync(join(tmpdir(), "client-program-"));
  const packed = execFileSync("npm", ["pack", "--json", "--pack-destination", program], {
    cwd: folder,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [{ filename } = { filename: "" }] = JSON.parse(packed.slice(packed.indexOf("[\n"))) as { filename: string }[];
  const installed = join(program, "node_modules/claude-run-client");
  mkdirSync(installed, { recursive: true });
  execFileSync("tar", ["-xzf", join(program, filename), "-C", installed, "--strip-components=1"]);
  for (const name of ["zod", "js-yaml", "@types"])
    symlinkSync(join(repository, "node_modules", name), join(program, "node_modules", name));
  writeFileSync(join(program, "package.json"), '{ "type": "module" }');
  for (const [n, { code }] of examples.entries()) writeFileSync(join(program, `example-${n}.ts`), code);
}, 300_000);
beforeEach(async () => {
  api = await new ClaudeRunApi().listen();
  return () => api.close();
});

/** Runs the example and returns its output. */
async function run(title: string): Promise<string> {
  const n = examples.findIndex((example) => example.title === title);
  const env = { PATH: process.env["PATH"], HOME: "/nowhere", KUBECONFIG: api.kubeconfigFile() };
  const { stdout } = await promisify(execFile)(process.execPath, [`example-${n}.ts`], { cwd: program, env });
  return stdout;
}

function put(name: string, status: object, spec: object = {}): void {
  api.put("clauderuns", {
    apiVersion: "paperclip.io/v1alpha1",
    kind: "ClaudeRun",
    metadata: { name, creationTimestamp: "2026-11-23T00:00:00Z" },
    spec: { agent: "nightly", prompt: "Work.", ...spec },
    status: { phase: "Succeeded", completionTime: "2026-11-23T00:01:00Z", ...status },
  });
}

it("has five examples that type-check", () => {
  expect(examples).toHaveLength(5);
  const options = [
    "--ignoreConfig",
    "--noEmit",
    "--strict",
    "--module",
    "nodenext",
    "--target",
    "es2024",
    "--types",
    "node",
  ];
  const files = examples.map((_, n) => `example-${n}.ts`);
  execFileSync(join(repository, "node_modules/.bin/tsc"), [...options, ...files], { cwd: program, stdio: "inherit" });
});

it("creates a run and waits for its answer", async () => {
  operate(api, (operated) => operated.succeeds("Hello."));
  expect(await run("Create a run and wait for its answer")).toBe("Succeeded Hello.\n");
});

it("reads the log", async () => {
  operate(api, (operated) => operated.succeeds());
  expect(await run("Read the log while it works")).toBe("system\nresult\n");
});

it("cancels a run", async () => {
  api.onRun = ({ metadata, spec }) => {
    if (spec.cancel) new OperatedRun(api, metadata.name).finished("Cancelled", "Cancelled");
  };
  expect(await run("Cancel a run that takes too long")).toBe("Cancelled\n");
});

it("continues a session", async () => {
  const workspace = { persistentVolumeClaim: { claimName: "work" } };
  put("nightly-0", { session: { id: session }, completionTime: "2026-11-22T00:00:00Z" });
  put("nightly-1", { session: { id: session } }, { workspace });
  operate(api, (operated) => operated.succeeds());
  expect(await run("Continue an agent's last session")).toBe(`{ resume: '${session}' } Succeeded\n`);
});

it("sums up costs", async () => {
  put("nightly-1", { result: { costUSD: "0.1" } });
  put("nightly-2", { result: { costUSD: "0.2" } });
  put("nightly-3", {});
  expect(await run("Sum up what an agent cost")).toBe("3 runs: 0.3 USD, 1 unknown\n");
});
