/** The measurement itself, started by main.ts through `test/cluster/cluster run`, which gives access to the cluster. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { setTimeout as wait } from "node:timers/promises";
import { applyCrd } from "../test/cluster/crd.ts";
import { bareNamespace, type BareOperator } from "./bare.ts";
import { measureBareBurst, measureFloorBurst, measureRunBurst, type Bench } from "./burst.ts";
import { Client } from "./client.ts";
import { components } from "./components.ts";
import { removeFakeNode, startFakeNode } from "./fake-node.ts";
import { measureHandOff } from "./hand-off.ts";
import { measureIdle, warmUp } from "./idle.ts";
import { measureKept, type Kept } from "./kept.ts";
import { Moments } from "./moments.ts";
import { fakeNode, namespace } from "./objects.ts";
import { lastLines, startOperator } from "./operator.ts";
import { readOptions, type Options } from "./options.ts";
import { memory } from "./proc.ts";
import type { Program } from "./programs.ts";
import { report, type Figures } from "./report.ts";
import { measureRest } from "./rest.ts";
import { setting } from "./setting.ts";
import { measureSustained, type Steady } from "./sustained.ts";

/** Time until the operator is idle after its start. */
const settleMs = 10_000;

function printLine(line: string): void {
  process.stderr.write(`bench: ${line}\n`);
}

function kubectl(...args: string[]): void {
  execFileSync("kubectl", args, { stdio: ["ignore", "ignore", "inherit"], timeout: 120_000 });
}

/** Removes namespaces and the fake node of an earlier benchmark on a kept cluster. */
async function prepare(): Promise<void> {
  kubectl("delete", "--ignore-not-found", `namespace/${namespace}`, `namespace/${bareNamespace}`, `node/${fakeNode}`);
  await applyCrd();
  for (const each of [namespace, bareNamespace]) kubectl("create", "namespace", each);
}

async function measure(options: Options, client: Client, programs: Program[], directory: string): Promise<Figures> {
  await prepare();
  const { profileDirectory } = options;
  const operator = await startOperator({
    logFile: `${directory}/operator.log`,
    ...(profileDirectory === undefined ? {} : { profileDirectory }),
  });
  programs.push(operator);
  void operator.ended.then(() => {
    // only a message: waits for the operator's work time out
    if (programs.includes(operator)) printLine(`the operator has ended: ${lastLines(`${directory}/operator.log`)}`);
  });
  const startedMs = Date.now();
  programs.push(await startFakeNode(client, directory));
  const moments = await Moments.watch(client);
  await wait(settleMs - (Date.now() - startedMs));
  const idleBytes = memory(operator.pid).nowBytes;

  printLine(`${options.idleRuns} runs and as many Jobs, one after the other, about ${options.idleRuns * 2} s`);
  const bareOperator = await warmUp(client, moments);
  const idle = await measureIdle({ client, moments, bareOperator }, options.idleRuns);
  printLine(`${options.handOffRuns} runs of one agent`);
  const handOff = await measureHandOff(client, moments, options.handOffRuns);
  const self = { name: "this benchmark", pid: process.pid };
  const bench: Bench = { client, moments, processes: [...components(), ...programs, self] };
  printLine(`nothing for ${options.restSeconds} s`);
  const rest = await measureRest(operator, options.restSeconds);
  const burst =
    options.burstRuns === 0 ? {} : { burst: await measureBursts(options, { ...bench, operator, bareOperator }) };
  const sustained =
    options.sustainedPerSecond === 0 ? {} : { sustained: await measureSteady(options, { ...bench, bareOperator }) };
  let kept: { kept?: Kept } = {};
  if (options.keptRuns > 0) {
    printLine(`${options.keptRuns} finished runs, met by an operator that starts`);
    programs.splice(programs.indexOf(operator), 1);
    await operator.stop();
    const startOperatorAgain = (): Promise<Program> => startOperator({ logFile: `${directory}/again.log` });
    kept = {
      kept: await measureKept(client, {
        runs: options.keptRuns,
        finishedRun: "idle-0",
        startOperator: startOperatorAgain,
      }),
    };
  }
  return {
    ...{ idleBytes, idle, handOff, rest, ...burst, ...sustained, ...kept },
    cutOffs: client.watchRestarts,
    setting: await setting(client),
  };
}

async function measureBursts(
  { burstRuns, hasBare }: Options,
  { operator, bareOperator, ...bench }: Bench & { operator: Program; bareOperator: BareOperator },
): Promise<NonNullable<Figures["burst"]>> {
  printLine(`${burstRuns} Jobs at once, then as many runs, then Jobs again`);
  const before = await measureFloorBurst(bench, burstRuns, "floor-before");
  const bare = hasBare ? { bare: await measureBareBurst(bench, burstRuns, bareOperator) } : {};
  const run = await measureRunBurst(bench, burstRuns, operator);
  const after = await measureFloorBurst(bench, burstRuns, "floor-after");
  return { floors: [before, after], ...bare, run };
}

async function measureSteady(
  { sustainedPerSecond: perSecond, sustainedSeconds: seconds, hasBare }: Options,
  { client, moments, bareOperator }: Bench & { bareOperator: BareOperator },
): Promise<Steady> {
  printLine(`${perSecond} Jobs a second for ${seconds} s, then as many runs`);
  return measureSustained(client, moments, { perSecond, seconds, ...(hasBare ? { bareOperator } : {}) });
}

/** Cleans up a kept cluster while the operator still runs, because it must remove the finalizers of pods. */
async function cleanUp(options: Options, client: Client, programs: Program[]): Promise<void> {
  if (options.keep) {
    kubectl("delete", "--ignore-not-found", "--timeout=100s", `namespace/${namespace}`, `namespace/${bareNamespace}`);
    await removeFakeNode(client).catch(() => undefined);
  }
  for (const program of programs.splice(0)) await program.stop();
  await client.close();
}

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if (options === undefined) return;
  const directory = mkdtempSync(`${tmpdir()}/claude-run-bench-`);
  const client = await Client.open();
  const programs: Program[] = [];
  const stopped = Promise.withResolvers<never>();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => stopped.reject(new Error(`stopped by ${signal}`)));
  }
  try {
    const figures = await Promise.race([measure(options, client, programs, directory), stopped.promise]);
    process.stdout.write(`${report(figures)}\n`);
    if (options.jsonFile !== undefined) writeFileSync(options.jsonFile, `${JSON.stringify(figures, null, 2)}\n`);
  } finally {
    await cleanUp(options, client, programs);
    rmSync(directory, { recursive: true, force: true });
  }
}

// Exits at once, because a signal may leave unfinished waits.
main().then(
  () => process.exit(0),
  (error: unknown) => {
    printLine(error instanceof Error ? error.message : String(error));
    process.exit(1);
  },
);
