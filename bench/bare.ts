/**
 * The floor for an operator of this design: a program that sends the same requests with the same bodies and does
 * nothing else. The difference to this floor is the operator's own cost.
 */
import { apiVersion, finalizer, group, kind, labels, plural, schedulingGate, version } from "../crds/names.ts";
import { bodiesOf, type Bodies } from "./bare-bodies.ts";
import { connections, type Client, type WatchEvent } from "./client.ts";
import { claudeRun } from "./objects.ts";

/** A namespace that the operator does not watch. */
export const bareNamespace = "bench-bare";

/** Milliseconds, one value per run. */
export interface BareFigures {
  readonly job: number[];
  readonly ungated: number[];
  readonly finished: number[];
  readonly handOff: number[];
}

/** Figures of many runs at once. */
export interface BareBurst {
  readonly makespanMs: number;
  readonly job: readonly number[];
  readonly finished: readonly number[];
}

/** The used fields of runs, Jobs and pods. */
interface Shown {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly spec?: { readonly schedulingGates?: readonly { readonly name: string }[] };
  readonly status?: { readonly phase?: string; readonly conditions?: readonly { readonly type: string }[] };
}

interface Seen {
  readonly atMs: number;
  readonly object: Shown;
}

type Moment = "run" | "finished" | "job" | "jobComplete" | "pod" | "ungated" | "succeeded";

const path = (api: string, what: string): string => `/${api}/namespaces/${bareNamespace}/${what}`;
const runs = path(`apis/${group}/${version}`, plural);
const jobs = path("apis/batch/v1", "jobs");
const pods = path("api/v1", "pods");
const configMaps = path("api/v1", "configmaps");

export class BareOperator {
  readonly #client: Client;
  readonly #bodies: Bodies;
  readonly #events = new Map<string, PromiseWithResolvers<Seen>>();

  private constructor(client: Client, bodies: Bodies) {
    this.#client = client;
    this.#bodies = bodies;
  }

  /** Copies the operator's requests for the finished run `model`. Resolves once its watches are open. */
  static async like(client: Client, model: string): Promise<BareOperator> {
    const bare = new BareOperator(client, await bodiesOf(client, model, bareNamespace));
    const end = (why: unknown): void => {
      for (const { reject } of bare.#events.values()) reject(why);
    };
    await client.watch(runs, (event) => bare.#recordEvent(event, runMoments), end);
    await client.watch(jobs, (event) => bare.#recordEvent(event, jobMoments), end);
    await client.watch(pods, (event) => bare.#recordEvent(event, podMoments), end);
    return bare;
  }

  /** Measures two runs: one from creation to end, and one that waits for its slot. */
  async measure(name: string, lastsMs: number, into: BareFigures): Promise<void> {
    const next = `${name}-next`;
    await this.#create(next, lastsMs);
    const waiting = await this.#seen("run", next);
    const sentMs = performance.now();
    await this.#create(name, lastsMs);
    const first = await this.#admit(await this.#seen("run", name), lastsMs);
    into.job.push((await this.#seen("job", name)).atMs - sentMs);
    into.ungated.push((await this.#seen("ungated", name)).atMs - sentMs);
    const finishedMs = await this.#finish(first, into.finished);
    const second = await this.#admit(waiting, lastsMs);
    into.handOff.push((await this.#seen("ungated", next)).atMs - finishedMs);
    await this.#finish(second, []);
    for (const each of [name, next]) await this.#seen("jobComplete", each);
  }

  /** Runs one from creation to end. Resolves to the time of its end. */
  async runToEnd(name: string, lastsMs: number): Promise<number> {
    await this.#create(name, lastsMs);
    return this.#finish(await this.#admit(await this.#seen("run", name), lastsMs), []);
  }

  /** Runs many at once, limited only by the pool of connections. */
  async burst(names: readonly string[], lastsMs: number): Promise<BareBurst> {
    const job: number[] = [];
    const finished: number[] = [];
    const ends: Promise<number>[] = [];
    const startedMs = performance.now();
    const queue = names.values();
    const live = async (name: string, sentMs: number): Promise<number> => {
      const run = await this.#admit(await this.#seen("run", name), lastsMs);
      job.push((await this.#seen("job", name)).atMs - sentMs);
      return this.#finish(run, finished);
    };
    const send = async (): Promise<void> => {
      for (const name of queue) {
        const sentMs = performance.now();
        await this.#create(name, lastsMs);
        ends.push(live(name, sentMs));
      }
    };
    await Promise.all(Array.from({ length: connections }, send));
    const makespanMs = Math.max(...(await Promise.all(ends))) - startedMs;
    return { makespanMs, job, finished };
  }

  async #create(name: string, lastsMs: number): Promise<void> {
    const { metadata, ...rest } = claudeRun(name, { agent: name, lastsMs }) as { metadata: object };
    await this.#client.request("POST", runs, { ...rest, metadata: { ...metadata, namespace: bareNamespace } });
  }

  /** Admits a run: Job, list, compare-and-swap, patch. Returns the updated run. */
  async #admit({ object: run }: Seen, lastsMs: number): Promise<Shown> {
    const { name } = run.metadata;
    await this.#client.request("POST", jobs, this.#bodies.job(run.metadata, lastsMs));
    const { object: pod } = await this.#seen("pod", name);
    const query = new URLSearchParams({
      labelSelector: `${labels.agent}=${name}`,
      fieldSelector: "status.phase!=Succeeded,status.phase!=Failed",
      resourceVersion: pod.metadata.resourceVersion,
      resourceVersionMatch: "NotOlderThan",
    });
    const configMap = this.#client.request("POST", configMaps, this.#bodies.configMap(run.metadata));
    await this.#client.request("GET", `${pods}?${query.toString()}`);
    const admitted = await this.#updateStatus(run, this.#bodies.admitted);
    await configMap;
    const gate = "/spec/schedulingGates/0";
    await this.#client.request(
      "PATCH",
      `${pods}/${pod.metadata.name}`,
      [
        { op: "test", path: "/metadata/uid", value: pod.metadata.uid },
        { op: "test", path: `${gate}/name`, value: schedulingGate },
        { op: "add", path: "/metadata/finalizers/-", value: finalizer },
        { op: "remove", path: gate },
        { op: "add", path: "/metadata/managedFields", value: [{}] },
      ],
      "application/json-patch+json",
    );
    return admitted;
  }

  async #finish(run: Shown, into: number[]): Promise<number> {
    const { name } = run.metadata;
    const { atMs, object: pod } = await this.#seen("succeeded", name);
    await this.#updateStatus(run, this.#bodies.finished);
    const finishedMs = (await this.#seen("finished", name)).atMs;
    into.push(finishedMs - atMs);
    const patch = { metadata: { uid: pod.metadata.uid, "$deleteFromPrimitiveList/finalizers": [finalizer] } };
    const type = "application/strategic-merge-patch+json";
    await this.#client.request("PATCH", `${pods}/${pod.metadata.name}`, patch, type);
    return finishedMs;
  }

  async #updateStatus({ metadata: { name, uid, resourceVersion } }: Shown, status: object): Promise<Shown> {
    const metadata = { name, namespace: bareNamespace, uid, resourceVersion };
    return (await this.#client.request("PUT", `${runs}/${name}/status`, {
      apiVersion,
      kind,
      metadata,
      status,
    })) as Shown;
  }

  #recordEvent({ object }: WatchEvent, momentsOf: (shown: Shown) => Moment[]): void {
    const shown = object as Shown;
    const name = shown.metadata.labels?.[labels.run] ?? shown.metadata.name;
    const seen = { atMs: performance.now(), object: shown };
    for (const moment of momentsOf(shown)) this.#promiseOf(moment, name).resolve(seen);
  }

  #seen(moment: Moment, name: string): Promise<Seen> {
    return this.#promiseOf(moment, name).promise;
  }

  #promiseOf(moment: Moment, name: string): PromiseWithResolvers<Seen> {
    const key = `${moment} ${name}`;
    const known = this.#events.get(key) ?? Promise.withResolvers<Seen>();
    this.#events.set(key, known);
    return known;
  }
}

function runMoments({ status }: Shown): Moment[] {
  return status?.phase === "Succeeded" ? ["run", "finished"] : ["run"];
}

function jobMoments({ status }: Shown): Moment[] {
  return status?.conditions?.some(({ type }) => type === "Complete") === true ? ["job", "jobComplete"] : ["job"];
}

function podMoments({ spec, status }: Shown): Moment[] {
  const moments: Moment[] = ["pod"];
  if ((spec?.schedulingGates ?? []).length === 0) moments.push("ungated");
  if (status?.phase === "Succeeded") moments.push("succeeded");
  return moments;
}
