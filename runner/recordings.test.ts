import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Inspection } from "./inspect.ts";
import { buildRunner, runBuilt } from "./testing/process.ts";

const recordings = fileURLToPath(new URL("../test/recordings/", import.meta.url));
const [header = "", ...lines] = readFileSync(`${recordings}expected.tsv`, "utf8").trimEnd().split("\n");
const columns = header.split("\t");
const expected = lines.map((line) => {
  const cells = line.split("\t");
  return Object.fromEntries(columns.map((column, index) => [column, cells[index] ?? ""]));
});
/** These recordings get a process each; the others share a few. */
const alone = 12;
const perProcess = 35;
let directory: string;

beforeAll(async () => {
  buildRunner();
  directory = await mkdtemp(join(tmpdir(), "recordings-"));
}, 60_000);
afterAll(() => rm(directory, { recursive: true }));

interface Meta {
  readonly stderr: string;
  readonly exit_code: number;
}

async function argumentsFor(name: string): Promise<string[]> {
  const meta = JSON.parse(readFileSync(`${recordings}${name}.meta.json`, "utf8")) as Meta;
  const stderrFile = join(directory, name);
  await writeFile(stderrFile, meta.stderr);
  const ending = meta.exit_code < 0 ? ["--signal", "SIGKILL"] : ["--exit-code", `${meta.exit_code}`];
  return [`${recordings}${name}.jsonl`, "--stderr", stderrFile, ...ending];
}

async function inspectRecordings(names: readonly string[]): Promise<Record<string, string>[]> {
  const args = await Promise.all(names.map(argumentsFor));
  const { stdout, stderr } = await runBuilt(["inspect", ...args.flat()]);
  expect(stderr).toBe("");
  // One file is printed formatted, several on a line each.
  const found = names.length === 1 ? [stdout] : stdout.trimEnd().split("\n");
  return names.map((name, index) => cellsOf(name, JSON.parse(found[index] ?? "") as Inspection));
}

/** Takes a dozen from all over the list one by one, the rest in batches. */
function batches(names: readonly string[]): string[][] {
  const step = Math.floor(names.length / alone);
  const single = names.filter((_, index) => index % step === 0);
  const rest = names.filter((_, index) => index % step !== 0);
  const batch: string[][] = single.map((name) => [name]);
  for (let at = 0; at < rest.length; at += perProcess) batch.push(rest.slice(at, at + perProcess));
  return batch;
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

test("there are 154 recordings", () => {
  expect(expected).toHaveLength(154);
});

test("a recorded usage limit of any CLI has its reset time", async () => {
  const names = ["g-usage-limit-rejected", "v197-g-usage-limit-rejected"];
  const args = await Promise.all(names.map(argumentsFor));
  const { stdout } = await runBuilt(["inspect", ...args.flat()]);
  const found = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Inspection);
  expect(found.map((each) => each.resumeAfterTime)).toEqual(["2100-01-01T00:00:00Z", "2100-01-01T00:00:00Z"]);
});

test("the built runner classifies every recording as in expected.tsv", async () => {
  const actual = new Map<string, Record<string, string>>();
  const queue = batches(expected.map((row) => row["name"] ?? "")).values();
  async function work(): Promise<void> {
    for (const names of queue)
      for (const cells of await inspectRecordings(names)) actual.set(cells["name"] ?? "", cells);
  }
  await Promise.all([work(), work()]);
  expect(expected.map((row) => actual.get(row["name"] ?? ""))).toEqual(expected);
});
