import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Inspection } from "./inspect.ts";
import { buildRunner, runBuilt } from "./test-process.ts";

const recordings = fileURLToPath(new URL("../test/recordings/", import.meta.url));
const [header = "", ...lines] = readFileSync(`${recordings}expected.tsv`, "utf8").trimEnd().split("\n");
const columns = header.split("\t");
const expected = lines.map((line) => {
  const cells = line.split("\t");
  return Object.fromEntries(columns.map((column, index) => [column, cells[index] ?? ""]));
});
/** As many processes at a time as keep two cores busy. */
const workers = 3;
let directory: string;

beforeAll(async () => {
  buildRunner();
  directory = await mkdtemp(join(tmpdir(), "recordings-"));
});
afterAll(() => rm(directory, { recursive: true }));

async function inspectRecording(name: string): Promise<Inspection> {
  const meta = JSON.parse(readFileSync(`${recordings}${name}.meta.json`, "utf8")) as {
    stderr: string;
    exit_code: number;
  };
  const stderrFile = join(directory, name);
  await writeFile(stderrFile, meta.stderr);
  const { stdout, stderr } = await runBuilt([
    "inspect",
    `${recordings}${name}.jsonl`,
    "--stderr",
    stderrFile,
    ...(meta.exit_code < 0 ? ["--signal", "SIGKILL"] : ["--exit-code", `${meta.exit_code}`]),
  ]);
  expect(stderr).toBe("");
  return JSON.parse(stdout) as Inspection;
}

function cellsOf(name: string, { reason, result, session }: Inspection): Record<string, string> {
  const cell = (value: string | number | undefined) => (value === undefined ? "" : `${value}`);
  const isError = { true: "True", false: "False", undefined: "" }[`${result.isError}`];
  return {
    name,
    exit: result.signal === "SIGKILL" ? "-9" : cell(result.exitCode),
    reason,
    turns: cell(result.turns),
    costUSD: cell(result.costUSD),
    outputTokens: cell(result.usage?.outputTokens),
    session: cell(session?.id),
    subtype: cell(result.subtype),
    is_error: isError,
  };
}

test("there are 152 recordings", () => {
  expect(expected).toHaveLength(152);
});

test("the built runner says of every recording what expected.tsv says", async () => {
  const names = expected.map((row) => row["name"] ?? "");
  const actual = new Map<string, Record<string, string>>();
  const queue = names.values();
  async function work(): Promise<void> {
    for (const name of queue) actual.set(name, cellsOf(name, await inspectRecording(name)));
  }
  await Promise.all(Array.from({ length: workers }, work));
  expect(names.map((name) => actual.get(name))).toEqual(expected);
}, 300_000);
