/**
 * Measures one run after the other: execute() → its Job, and claude's last line → return of execute(). The floors,
 * alternating with them: creation of a plain Job, of a bare ClaudeRun, of one with a Secret, and the end of a plain
 * follow of the log.
 */
import { randomBytes } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { apiVersion, kind, labels } from "../../crds/names.ts";
import { jobsPath, podLogPath, runsPath, secretsPath } from "./paths.ts";
import { runName } from "../../adapter/spec/names.ts";
import type { Client } from "../client.ts";
import type { Setting } from "./setting.ts";
import { execute, nowUs, TimedHost } from "./timed-host.ts";

/** Milliseconds, one value per run. */
export interface Latency {
  readonly job: {
    readonly plain: number[];
    readonly bare: number[];
    readonly withSecret: number[];
    readonly adapter: number[];
  };
  readonly end: { readonly plain: number[]; readonly adapter: number[] };
}

interface ShownJob {
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

/** Pause for the work after a Job: garbage collection and the kubelet's removal of the sandbox. */
const quietMs = 2_000;
/** Long enough to open a plain follow in parallel to the adapter's. */
const rate = { lines: 20, everyMs: 50 };

export async function measureLatency(client: Client, setting: Setting, runs: number): Promise<Latency> {
  const none = (): Latency => ({
    job: { plain: [], bare: [], withSecret: [], adapter: [] },
    end: { plain: [], adapter: [] },
  });
  const latency = none();
  const jobs = await JobTimes.watch(client, setting.stage.namespace);
  // Warm-up: only the first runs pay for connections, compiled code and the Lease.
  for (let n = 0; n < 2; n++) await measureOne({ client, setting, jobs, into: none() });
  for (let n = 0; n < runs; n++) await measureOne({ client, setting, jobs, into: latency });
  return latency;
}

async function measureOne(input: { client: Client; setting: Setting; jobs: JobTimes; into: Latency }): Promise<void> {
  const { client, setting, jobs, into } = input;
  const { namespace } = setting.stage;
  const floor = `floor-${randomBytes(4).toString("hex")}`;
  await wait(quietMs);
  let sentMs = performance.now();
  await client.request("POST", jobsPath(namespace), plainJob(floor));
  into.job.plain.push((await jobs.of(floor)) - sentMs);

  for (const [owns, figures] of [
    [false, into.job.bare],
    [true, into.job.withSecret],
  ] as const) {
    const bare = `bare-${randomBytes(4).toString("hex")}`;
    await wait(quietMs);
    sentMs = performance.now();
    await createBare(client, namespace, { name: bare, owns });
    figures.push((await jobs.of(bare)) - sentMs);
    await client.request("DELETE", `${runsPath(namespace)}/${bare}`);
    await jobs.settled(bare);
  }

  const host = new TimedHost(setting.agentConfig(rate));
  const name = runName(host.context.agent.id, host.context.runId);
  await wait(quietMs);
  sentMs = performance.now();
  const running = execute(host.context);
  into.job.adapter.push((await jobs.of(name)) - sentMs);
  await host.started;
  const plain = client.read(podLogPath(namespace, await podOf(setting, name)), () => undefined).then(nowUs);
  const result = await running;
  const returnedUs = nowUs();
  if (result.exitCode !== 0) throw new Error(`${name}: ${result.errorMessage ?? "failed"}\n${host.messages}`);
  const writtenUs = host.arrivals.at(-1)?.writtenUs ?? Number.NaN;
  into.end.adapter.push((returnedUs - writtenUs) / 1_000);
  into.end.plain.push(((await plain) - writtenUs) / 1_000);
  await jobs.settled(name);
}

async function podOf({ stage }: Setting, name: string): Promise<string> {
  return (await stage.get(name)).status?.pod?.name ?? "";
}

/** Times at which a Job was first seen and settled, by its run's name or its own. */
class JobTimes {
  readonly #seen = new Map<string, PromiseWithResolvers<number>>();
  readonly #settled = new Map<string, PromiseWithResolvers<number>>();

  static async watch(client: Client, namespace: string): Promise<JobTimes> {
    const times = new JobTimes();
    await client.watch(
      jobsPath(namespace),
      ({ type, object }) => {
        const { metadata, status } = object as ShownJob;
        const name = metadata.labels?.[labels.run] ?? metadata.name;
        at(times.#seen, name).resolve(performance.now());
        const isComplete = status?.conditions?.some((each) => each.type === "Complete" && each.status === "True");
        if (type === "DELETED" || isComplete === true) at(times.#settled, name).resolve(performance.now());
      },
      // Without the warning, a wait for a Job would only time out.
      (why) => process.emitWarning(`the watch of Jobs has ended: ${String(why)}`),
    );
    return times;
  }

  /** Resolves to the time of the Job's first event. */
  of(name: string): Promise<number> {
    return at(this.#seen, name).promise;
  }

  /** Resolves once the Job is complete or deleted. */
  settled(name: string): Promise<number> {
    return at(this.#settled, name).promise;
  }
}

function at(moments: Map<string, PromiseWithResolvers<number>>, name: string): PromiseWithResolvers<number> {
  const existing = moments.get(name);
  if (existing !== undefined) return existing;
  const made = Promise.withResolvers<number>();
  moments.set(name, made);
  return made;
}

/** Suspended, because only its creation is measured. */
function plainJob(name: string): object {
  const containers = [{ name: "claude", image: "localhost/claude-run/agent:dev", command: ["true"] }];
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name },
    spec: { suspend: true, template: { spec: { restartPolicy: "Never", containers } } },
  };
}

/** Creates a run without the adapter; with a Secret it starts suspended, as the adapter's do. Its pod fits no node. */
async function createBare(
  client: Client,
  namespace: string,
  { name, owns }: { name: string; owns: boolean },
): Promise<void> {
  const pod = { nodeSelector: { nowhere: "true" } };
  const spec = { agent: name, prompt: "Say hello.", suspend: owns, pod };
  const created = await client.request("POST", runsPath(namespace), { apiVersion, kind, metadata: { name }, spec });
  if (!owns) return;
  const { uid } = (created as { metadata: { uid: string } }).metadata;
  await client.request("POST", secretsPath(namespace), {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name, ownerReferences: [{ apiVersion, kind, name, uid }] },
    stringData: { token: "t" },
  });
  await client.request("PATCH", `${runsPath(namespace)}/${name}`, { spec: { suspend: false } });
}
