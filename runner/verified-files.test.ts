/** The runner as started by the container's command: it uses only the verified bytes of the run ConfigMap. */
import { copyFile, mkdir, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { digestOf, digestsOf, verifiedStart } from "../operator/plan/verified-start.ts";
import { buildRunner, builtRunner } from "./testing/process.ts";
import { removeRuns, runStub } from "./testing/stub.ts";

beforeAll(buildRunner, 120_000);
afterAll(removeRuns);

/** Replaces each mounted file after it was read, as a kubelet does when the ConfigMap is replaced. */
const replaceAfterRead = `
const fs = require("node:fs");
const { readFileSync } = fs;
fs.readFileSync = (path, ...rest) => {
  const bytes = readFileSync(path, ...rest);
  if (String(path).includes("/mounted/")) fs.writeFileSync(path, "evil");
  return bytes;
};`;

const echo = `
const stdin = fs.readFileSync(0, "utf8");
init();
emit(resultWith({ result: stdin + process.argv.find((argument) => argument.startsWith("--model")) }));`;

test("configuration and prompt are the verified ones even after the mount has changed", async () => {
  const directory = await mkdtemp(join(tmpdir(), "runner-verified-"));
  const [runner, run] = [join(directory, "runner"), join(directory, "mounted")];
  const files = {
    "config.json": JSON.stringify({
      v: 1,
      promptPath: join(run, "prompt"),
      workingDirectory: join(directory, "work"),
      claude: { model: "opus" },
      resultGracePeriodSeconds: 30,
      terminationGracePeriodSeconds: 30,
    }),
    prompt: "Fix it. ",
  };
  const prepare = async (): Promise<void> => {
    for (const each of [runner, run]) await mkdir(each);
    await copyFile(builtRunner, join(runner, "runner.mjs"));
    for (const [name, text] of Object.entries(files)) await writeFile(join(run, name), text);
    await writeFile(join(directory, "hook.cjs"), replaceAfterRead);
  };
  const [, ...command] = verifiedStart(
    {
      configMap: "runner",
      directory: runner,
      files: { "runner.mjs": digestOf(await readFile(builtRunner, "utf8")) },
    },
    { configMap: "run", directory: run, files: digestsOf(files) },
  );
  const { report, code } = await runStub(echo, {
    directory,
    prepare,
    wrapper: [process.execPath, ...command],
    environment: { RUNNER_CONFIG: join(run, "config.json"), NODE_OPTIONS: `--require=${join(directory, "hook.cjs")}` },
  });
  expect(await readFile(join(run, "prompt"), "utf8")).toBe("evil");
  expect(report.result.text).toBe("Fix it. --model=opus");
  expect(code).toBe(0);
});
