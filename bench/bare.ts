/**
 * The least that an operator of this design has to ask: the same requests with the same bodies, by a program that decides
 * nothing, checks nothing, remembers nothing. What an operator takes beyond it is its own; what these take is not.
 */
import { apiVersion, finalizer, group, kind, labels, plural, schedulingGate, version } from "../crds/names.ts";
import { bodiesOf, type Bodies } from "./bare-bodies.ts";
import { connections, type Client, type WatchEvent } from "./client.ts";
import { claudeRun } from "./objects.ts";

/** The operator does not watch it. */
export const bareNamespace = "bench-bare";

/** Milliseconds, one value per run. */
export interface BareFigures {
  readonly job: number[];
  readonly letGo: number[];
  readonly finished: number[];
  readonly handOff: number[];
}

/** The same of many at once. */
export interface BareBurst {
  readonly makespanMs: number;
  readonly job: readonly number[];
  readonly finished: readonly number[];
}

/** What is read of runs, Jobs and pods. */
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

type Moment = "run" | "finished" | "job" | "jobComplete" | "pod" | "letGo" | "succeeded";

const path = (api: string, what: string): string => `/${api}/namespaces/${bareNamespace}/${what}`;
const runs = path(`apis/${group}/${version}`, plural);
const jobs = path("apis/batch/v1", "jobs");
const pods = path("api/v1", "pods");
const configMaps = path("api/v1", "configmaps");

export class BareOperator {
  readonly #client: Client;
  readonly #bodies: Bodies;
  readonly #seen = new Map<string, PromiseWithResolvers<Seen>>();

  private constructor(client: Client, bodies: Bodies) {
    this.#client = client;
    this.#bodies = bodies;
  }

  /** Sends again what the operator made of the finished run `model`; resolves once its watches are open. */
  static async like(client: Client, model: string): Promise<BareOperator> {
    const bare = new BareOperator(client, await bodiesOf(client, model, bareNamespace));
    const end = (why: unknown): void => {
      for (const { reject } of bare.#seen.values()) reject(why);
    };
    await client.watch(runs, (event) => bare.#take(event, runMoments), end);
    await client.watch(jobs, (event) => bare.#take(event, jobMoments), end);
    await client.watch(pods, (event) => bare.#take(event, podMoments), end);
    return bare;
  }

  /** Two runs: one from its creation to its end, and one that waits for its slot. */
  async measure(name: string, lastsMs: number, into: BareFigures): Promise<void> {
    const next = `${name}-next`;
    await this.#create(next, lastsMs);
    const waiting = await this.#of("run", next);
    const sentMs = performance.now();
    await this.#create(name, lastsMs);
    const first = await this.#admit(await this.#of("run", name), lastsMs);
    into.job.push((await this.#of("job", name)).atMs - sentMs);
    into.letGo.push((await this.#of("letGo", name)).atMs - sentMs);
    const finishedMs = await this.#finish(first, into.finished);
    const second = await this.#admit(waiting, lastsMs);
    into.handOff.push((await this.#of("letGo", next)).atMs - finishedMs);
    await this.#finish(second, []);
    for (const each of [name, next]) await this.#of("jobComplete", each);
  }

  /** One run from its creation to its end, whose moment it returns. */
  async live(name: string, lastsMs: number): Promise<number> {
    await this.#create(name, lastsMs);
    return this.#finish(await this.#admit(await this.#of("run", name), lastsMs), []);
  }

  /** Many at once, each on its way as soon as its events come; the pool of connections is all that holds them back. */
  async burst(names: readonly string[], lastsMs: number): Promise<BareBurst> {
    const job: number[] = [];
    const finished: number[] = [];
    const ends: Promise<number>[] = [];
    const startedMs = performance.now();
    const queue = names.values();
    const live = async (name: string, sentMs: number): Promise<number> => {
      const run = await this.#admit(await this.#of("run", name), lastsMs);
      job.push((await this.#of("job", name)).atMs - sentMs);
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

  /** Job, list, compare-and-swap, patch; returns the run as it was written. */
  async #admit({ object: run }: Seen, lastsMs: number): Promise<Shown> {
    const { name } = run.metadata;
    await this.#client.request("POST", jobs, this.#bodies.job(run.metadata, lastsMs));
    const { object: pod } = await this.#of("pod", name);
    const query = new URLSearchParams({
      labelSelector: `${labels.agent}=${name}`,
      fieldSelector: "status.phase!=Succeeded,status.phase!=Failed",
      resourceVersion: pod.metadata.resourceVersion,
      resourceVersionMatch: "NotOlderThan",
    });
    const cargo = this.#client.request("POST", configMaps, this.#bodies.cargo(run.metadata));
    await this.#client.request("GET", `${pods}?${query.toString()}`);
    const admitted = await this.#record(run, this.#bodies.admitted);
    await cargo;
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
    const { atMs, object: pod } = await this.#of("succeeded", name);
    await this.#record(run, this.#bodies.finished);
    const finishedMs = (await this.#of("finished", name)).atMs;
    into.push(finishedMs - atMs);
    const patch = { metadata: { uid: pod.metadata.uid, "$deleteFromPrimitiveList/finalizers": [finalizer] } };
    const type = "application/strategic-merge-patch+json";
    await this.#client.request("PATCH", `${pods}/${pod.metadata.name}`, patch, type);
    return finishedMs;
  }

  async #record({ metadata: { name, uid, resourceVersion } }: Shown, status: object): Promise<Shown> {
    const metadata = { name, namespace: bareNamespace, uid, resourceVersion };
    return (await this.#client.request("PUT", `${runs}/${name}/status`, {
      apiVersion,
      kind,
      metadata,
      status,
    })) as Shown;
  }

  #take({ object }: WatchEvent, momentsOf: (shown: Shown) => Moment[]): void {
    const shown = object as Shown;
    const name = shown.metadata.labels?.[labels.run] ?? shown.metadata.name;
    const seen = { atMs: performance.now(), object: shown };
    for (const moment of momentsOf(shown)) this.#promised(moment, name).resolve(seen);
  }

  #of(moment: Moment, name: string): Promise<Seen> {
    return this.#promised(moment, name).promise;
  }

  #promised(moment: Moment, name: string): PromiseWithResolvers<Seen> {
    const key = `${moment} ${name}`;
    const known = this.#seen.get(key) ?? Promise.withResolvers<Seen>();
    this.#seen.set(key, known);
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
  if ((spec?.schedulingGates ?? []).length === 0) moments.push("letGo");
  if (status?.phase === "Succeeded") moments.push("succeeded");
  return moments;
}
