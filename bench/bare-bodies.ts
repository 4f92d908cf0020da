/** What the operator made of one run, as bodies for other runs in another namespace. */
import type { Client } from "./client.ts";
import { jobsPath, lastsAnnotation, namespace, runsPath } from "./objects.ts";

export interface Bodies {
  /** A run's Job, whose pod is to last so long, and its ConfigMap of the same name. */
  readonly job: (run: Identity, lastsMs: number) => object;
  readonly cargo: (run: Identity) => object;
  /** Statuses: as its pod is let go, and at its end. */
  readonly admitted: object;
  readonly finished: object;
}

export interface Identity {
  readonly name: string;
  readonly uid: string;
}

interface Stored {
  readonly metadata: { readonly uid: string };
}

interface StoredRun extends Stored {
  readonly status: {
    readonly job: { readonly name: string };
    readonly conditions: readonly { readonly type: string }[];
  };
}

interface StoredJob extends Stored {
  readonly spec: {
    readonly template: {
      readonly metadata: { readonly labels: Readonly<Record<string, string>>; readonly annotations?: object };
    };
  };
}

const configMapsPath = `/api/v1/namespaces/${namespace}/configmaps`;

/** Reads the finished run `model`, its Job and its ConfigMap. */
export async function bodiesOf(client: Client, model: string, toNamespace: string): Promise<Bodies> {
  const run = (await client.request("GET", `${runsPath}/${model}`)) as StoredRun;
  const job = run.status.job.name;
  const from = { name: model, uid: run.metadata.uid };
  const becomes = (object: object, to: Identity): object => renamed(object, { from, to, toNamespace });
  const jobBody = fresh((await client.request("GET", `${jobsPath}/${job}`)) as StoredJob);
  const cargoBody = bornAgain((await client.request("GET", `${configMapsPath}/${job}`)) as Stored);
  return {
    job: (to, lastsMs) => becomes(lasting(jobBody, lastsMs), to),
    cargo: (to) => becomes(cargoBody, to),
    admitted: admittedAs(run.status),
    finished: run.status,
  };
}

/** As it was before the run had a result. */
function admittedAs(status: StoredRun["status"]): object {
  const later = ["result", "session", "log", "progress", "startTime", "completionTime"];
  const soFar = Object.entries(status).filter(([key]) => !later.includes(key));
  return { ...Object.fromEntries(soFar), phase: "Pending" };
}

/** The model's pod lasted as long as the model was to. */
function lasting({ spec: { template, ...spec }, ...job }: StoredJob, lastsMs: number): object {
  const annotations = { ...template.metadata.annotations, [lastsAnnotation]: `${lastsMs}ms` };
  return { ...job, spec: { ...spec, template: { ...template, metadata: { ...template.metadata, annotations } } } };
}

/** Without what the API server and the Job controller have put in. */
function fresh({ spec, ...rest }: StoredJob): StoredJob {
  const { template, ...mine } = Object.fromEntries(
    Object.entries(spec).filter(([key]) => key !== "selector"),
  ) as unknown as StoredJob["spec"];
  const labels = Object.entries(template.metadata.labels).filter(([key]) => !/controller-uid|job-name/.test(key));
  const metadata = { ...template.metadata, labels: Object.fromEntries(labels), creationTimestamp: undefined };
  const job = { ...rest, status: undefined, spec: { ...mine, template: { ...template, metadata } } };
  return bornAgain(job as StoredJob);
}

function bornAgain<Object extends Stored>(object: Object): Object {
  // Its owner is the model's Job: in another namespace it would be collected as garbage.
  const given = ["uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "ownerReferences"];
  const metadata = Object.entries(object.metadata).filter(([key]) => !given.includes(key));
  return { ...object, metadata: Object.fromEntries(metadata) as Object["metadata"] };
}

/** Names and uids stand in names, labels, annotations, volumes and owners. */
function renamed(
  object: object,
  { from, to, toNamespace }: { from: Identity; to: Identity; toNamespace: string },
): object {
  const text = JSON.stringify(object)
    .replaceAll(`"namespace":"${namespace}"`, `"namespace":"${toNamespace}"`)
    .replaceAll(from.uid, to.uid)
    .replaceAll(from.uid.slice(0, 8), to.uid.slice(0, 8))
    .replaceAll(from.name, to.name);
  return JSON.parse(text) as object;
}
