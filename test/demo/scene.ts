/**
 * The part of the demo that speaks to the cluster; main.ts runs it through `test/cluster/cluster run`.
 *   node test/demo/scene.ts [--real]
 */
import type { ClaudeRun } from "../../crds/claude-run.ts";
import { installOperator, operatorNamespace, release } from "../install.ts";
import { kubectl } from "../cluster/kubectl.ts";
import { nextSteps, resultLines } from "./closing.ts";
import { follow } from "./follow.ts";
import { demoRuns, namespace, promptOf } from "./runs.ts";
import { columns, complain, heading, say, tell } from "./screen.ts";
import { apply, clearRuns, makeNamespace, startFakeApi } from "./stage.ts";

const fakeKey = "sk-demo-not-a-real-key";

async function play(isReal: boolean, stop: AbortSignal): Promise<boolean> {
  const apiKey = isReal ? process.env["ANTHROPIC_API_KEY"] : fakeKey;
  if (!apiKey) throw new Error("ANTHROPIC_API_KEY is not set");

  heading("The operator");
  const fakeApi = isReal ? undefined : await startFakeApi();
  if (fakeApi !== undefined) say(`the fake Messages API answers at ${fakeApi}, inside the cluster only`);
  stop.throwIfAborted();
  await installOperator(say, { signal: stop });

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
    tell(`${name}, agent ${run.spec.agent}: ${promptOf(name)}`, "  ");
  }

  heading("Live: the agents work side by side, and one run of an agent at a time");
  const finished = await follow(names, stop);

  heading("Results");
  for (const line of resultLines(finished, columns())) say(line);
  if (!isReal) tell("\nNo money was spent: the fake API sent the token counts, and claude priced them by its list.");
  const failed = finished.filter((run) => run.status?.phase !== "Succeeded");
  if (failed.length > 0) {
    await explain(failed);
    return false;
  }

  heading("Go on");
  for (const line of nextSteps(names, fakeApi)) say(line);
  return true;
}

/** Why runs did not succeed, and where to look next. */
async function explain(failed: readonly ClaudeRun[]): Promise<void> {
  heading("What went wrong");
  for (const { metadata, status } of failed) {
    const verdict = status?.conditions?.find((condition) => condition.type === "Succeeded");
    complain(`${metadata.name} did not succeed: ${verdict?.reason ?? "no reason"}: ${verdict?.message ?? ""}`);
    say(`test/cluster/cluster run kubectl -n ${namespace} describe clauderun ${metadata.name}`);
  }
  say("What each reason means and what to do: docs/failure-reasons.md");
  await operatorLog();
}

/** What somebody needs who has to find out why. */
async function report(error: unknown): Promise<void> {
  complain(`\nThe demo failed: ${error instanceof Error ? error.message : String(error)}`);
  await show("The runs", ["get", "clauderuns,pods", "-n", namespace]);
  await operatorLog();
}

async function operatorLog(): Promise<void> {
  await show("The operator's pods", ["get", "pods", "-n", operatorNamespace, "-o", "wide"]);
  const conditions = '{range .status.conditions[*]}{.type} is {.status}: {.message}{"\\n"}{end}';
  await show("Its Deployment", [
    ...["get", "deployment", release, "-n", operatorNamespace],
    ...["-o", `jsonpath=${conditions}`],
  ]);
  await show("The operator's last lines", [
    ...["logs", "-n", operatorNamespace, `deployment/${release}`],
    ...["--tail=15", "--pod-running-timeout=1s"],
  ]);
  say(`\nMore of it: test/cluster/cluster run kubectl logs -n ${operatorNamespace} deployment/${release}`);
}

async function show(title: string, args: string[]): Promise<void> {
  heading(title);
  try {
    say((await kubectl(args)).trimEnd() || "none");
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
  process.exitCode = isGood ? 0 : 1;
} catch (error) {
  // stopped by hand: main.ts says what is left
  if (!stop.signal.aborted) await report(error);
  process.exitCode = stop.signal.aborted ? 130 : 1;
}
