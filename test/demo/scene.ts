/**
 * The part of the demo that speaks to the cluster; main.ts runs it through `test/cluster/cluster run`.
 *   node test/demo/scene.ts [--real]
 */
import { installOperator, operatorNamespace, release } from "../install.ts";
import { kubectl } from "../cluster/kubectl.ts";
import { nextSteps, resultLines } from "./closing.ts";
import { follow } from "./follow.ts";
import { demoRuns, promptOf } from "./runs.ts";
import { complain, heading, say, wrap } from "./screen.ts";
import { apply, clearRuns, makeNamespace, startFakeApi } from "./stage.ts";

const fakeKey = "sk-demo-not-a-real-key";
const width = () => process.stdout.columns || 100;

async function play(isReal: boolean, stop: AbortSignal): Promise<boolean> {
  const apiKey = isReal ? process.env["ANTHROPIC_API_KEY"] : fakeKey;
  if (!apiKey) throw new Error("ANTHROPIC_API_KEY is not set");

  heading("The operator");
  const fakeApi = isReal ? undefined : await startFakeApi();
  if (fakeApi !== undefined) say(`the fake Messages API answers at ${fakeApi}, inside the cluster only`);
  stop.throwIfAborted();
  await installOperator(say);

  heading("Three runs for two agents");
  stop.throwIfAborted();
  await makeNamespace(apiKey);
  await clearRuns();
  const runs = demoRuns(fakeApi);
  const names = runs.map((run) => run.metadata.name);
  for (const run of runs) {
    stop.throwIfAborted();
    await apply(run);
    const { name } = run.metadata;
    for (const row of wrap(`${name}, agent ${run.spec.agent}: ${promptOf(name)}`, width(), "  ")) say(row);
  }

  heading("Live: the agents work side by side, and one run of an agent at a time");
  const finished = await follow(names, stop);

  heading("Results");
  for (const line of resultLines(finished, width())) say(line);
  if (!isReal) say("\nNo money was spent: the fake API sent the token counts, and claude priced them by its list.");
  const failed = finished.filter((run) => run.status?.phase !== "Succeeded");
  for (const { metadata, status } of failed) {
    complain(`\n${metadata.name} did not succeed: ${status?.failure?.reason ?? ""} ${status?.failure?.message ?? ""}`);
  }

  heading("Go on");
  for (const line of nextSteps(names, fakeApi)) say(line);
  return failed.length === 0;
}

/** What somebody needs who has to find out why. */
async function report(error: unknown): Promise<void> {
  complain(`\nThe demo failed: ${error instanceof Error ? error.message : String(error)}`);
  await show("The runs", ["get", "clauderuns,pods", "-n", "claude-run-demo"]);
  await operatorLog();
}

async function operatorLog(): Promise<void> {
  await show("The operator's pods", ["get", "pods", "-n", operatorNamespace, "-o", "wide"]);
  await show("The operator's last lines", ["logs", "-n", operatorNamespace, `deployment/${release}`, "--tail=15"]);
  say(`\nMore of it: test/cluster/cluster run kubectl logs -n ${operatorNamespace} deployment/${release}`);
}

async function show(title: string, args: string[]): Promise<void> {
  heading(title);
  try {
    say((await kubectl(args)).trimEnd());
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
  }
}

const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => stop.abort(new Error(signal)));
}
try {
  const isGood = await play(process.argv.includes("--real"), stop.signal);
  if (!isGood) await operatorLog();
  process.exitCode = isGood ? 0 : 1;
} catch (error) {
  // stopped by hand: main.ts says what is left
  if (!stop.signal.aborted) await report(error);
  process.exitCode = stop.signal.aborted ? 130 : 1;
}
