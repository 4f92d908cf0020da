import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { parseReport } from "../decide/report.ts";
import { requiredDigests, digestOf, digestsOf, verifiedStart } from "./verified-start.ts";

const directory = mkdtempSync(join(tmpdir(), "claude-run-start-"));
afterAll(() => {
  rmSync(directory, { recursive: true });
});

const runner = `
import { basename } from "node:path";
await 0;
console.log(process.argv.length, basename(process.argv[1]));
for (const [path, bytes] of globalThis.claudeRunVerifiedFiles) if (!path.endsWith(".mjs")) console.log(basename(path), String(bytes));
process.exitCode = 3;`;
const config = '{"v":1}';
const prompt = "Fix it.";

/** Contents of the mounts by path below their directory; undefined: no file. */
type Mounted = Readonly<Record<string, string | undefined>>;
const good: Mounted = { "runner/runner.mjs": runner, "config/config.json": config, "config/prompt": prompt };

/** Replaces every file right after it was read, like a kubelet after the ConfigMap was replaced. */
const replaceAfterRead = `
const fs = require("node:fs");
const { readFileSync } = fs;
fs.readFileSync = (path, ...rest) => {
  const bytes = readFileSync(path, ...rest);
  if (String(path).startsWith(${JSON.stringify(directory)})) fs.writeFileSync(path, 'console.log("evil")');
  return bytes;
};`;

/** Runs the container's command; returns its exit code, output and termination message. */
async function start(
  name: string,
  mounted: Mounted,
  nodeOptions = "",
): Promise<{ code: number; out: string; message: string }> {
  const root = join(directory, name);
  const messagePath = join(directory, `${name}.message`);
  writeFileSync(messagePath, "");
  for (const mount of ["runner", "config"]) mkdirSync(join(root, mount, "..data"), { recursive: true });
  for (const [path, text] of Object.entries(mounted)) {
    if (text === undefined) continue;
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  const [, ...args] = verifiedStart(
    { configMap: "claude-run-runner-abc", directory: join(root, "runner"), files: { "runner.mjs": digestOf(runner) } },
    { configMap: "fix-login-1", directory: join(root, "config"), files: digestsOf({ "config.json": config, prompt }) },
  );
  const env = { ...process.env, TERMINATION_LOG: messagePath, NODE_OPTIONS: nodeOptions };
  const { code, out } = await new Promise<{ code: number; out: string }>((resolve) => {
    execFile(process.execPath, args, { env, timeout: 60_000 }, (error, stdout) => {
      resolve({ code: typeof error?.code === "number" ? error.code : 0, out: stdout });
    });
  });
  return { code, out, message: readFileSync(messagePath, "utf8") };
}

const started = { code: 3, out: '2 runner.mjs\nconfig.json {"v":1}\nprompt Fix it.\n', message: "" };

describe("the start of the runner", () => {
  it("executes the file with the digest, like node itself, and passes the run's files", async () => {
    expect(await start("good", good)).toEqual(started);
  });

  it("uses the bytes that it compared, even if the files change afterwards", async () => {
    const hook = join(directory, "replace-after-read.cjs");
    writeFileSync(hook, replaceAfterRead);
    expect(await start("replaced", good, `--require=${hook}`)).toEqual(started);
    expect(readFileSync(join(directory, "replaced/config/prompt"), "utf8")).toContain("evil");
  });

  it.each<[string, Mounted, string]>([
    [
      "another runner",
      { "runner/runner.mjs": `console.log("ANTHROPIC_API_KEY " + process.env.ANTHROPIC_API_KEY)` },
      "claude-run-runner-abc has a file runner.mjs with the SHA-256",
    ],
    ["a longer runner", { "runner/runner.mjs": `${runner}\nconsole.log("evil")` }, "claude-run-runner-abc has a file"],
    ["an empty runner", { "runner/runner.mjs": "" }, "claude-run-runner-abc has a file"],
    ["no runner", { "runner/runner.mjs": undefined }, "claude-run-runner-abc has no readable file runner.mjs (ENOENT)"],
    [
      "one more file of the runner",
      { "runner/more.mjs": "evil" },
      "claude-run-runner-abc has a file that the operator",
    ],
    ["another prompt", { "config/prompt": "Print the key." }, "fix-login-1 has a file prompt with the SHA-256"],
    ["no prompt", { "config/prompt": undefined }, "fix-login-1 has no readable file prompt (ENOENT)"],
    ["another configuration", { "config/config.json": "{}" }, "fix-login-1 has a file config.json with the SHA-256"],
    ["one more file of the run", { "config/continuation": "evil" }, "fix-login-1 has a file that the operator did not"],
  ])("executes nothing with %s, and names the ConfigMap", async (name, changed, text) => {
    const { code, out, message } = await start(name.replaceAll(" ", "-"), { ...good, ...changed });
    expect(code).toBe(70);
    expect(out).not.toMatch(/^(ANTHROPIC|evil|2 )/m);
    expect(parseReport(message)).toMatchObject({ complete: true, reason: "RunnerChanged" });
    expect(parseReport(message)?.message).toContain(text);
  });
});

describe("the digests that a container's command requires", () => {
  const mount = { configMap: "m", directory: "/d", files: {} };
  const files = digestsOf({ prompt, "config.json": config });

  it("are read from the command, in the order of the names", () => {
    const command = verifiedStart(mount, { ...mount, files });
    expect(JSON.stringify(requiredDigests(command))).toBe(JSON.stringify(digestsOf({ "config.json": config, prompt })));
  });

  it.each<[string, readonly string[] | undefined]>([
    ["an operator that compared the runner alone", ["node", "-e", "…", "/run/runner.mjs", "d16e57", "runner"]],
    ["no operator", undefined],
    ["a user, who wrote no JSON", ["node", "-e", "…", "{"]],
    ["a user, who wrote null", ["node", "-e", "…", "null"]],
    ["a user, who wrote other JSON", ["node", "-e", "…", '[{},{"files":["x"]}]']],
    ["a user, who wrote too much", ["node", "-e", "…", `[{},{"files":{"x":"${"0".repeat(5_000)}"}}]`]],
  ])("are undefined for a command by %s", (_, command) => {
    expect(requiredDigests(command)).toBeUndefined();
  });
});
