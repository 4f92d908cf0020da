/** Request bodies for runs in another namespace, copied from a run of the operator. */
import type { Client } from "./client.ts";
import { jobsPath, lastsAnnotation, namespace, runsPath } from "./objects.ts";

export interface Bodies {
  /** A run's Job, whose pod runs for `lastsMs`, and its ConfigMap of the same name. */
  readonly job: (run: Identity, lastsMs: number) => object;
  readonly configMap: (run: Identity) => object;
  /** Statuses at admission and at the end. */
  readonly admitted: object;
  readonly finished: object;
}

export interface Identity {
  readonly name: string;
  readonly uid: string;
}

interface StoredObject {
  readonly metadata: { readonly uid: string };
}

interface StoredRun extends StoredObject {
  readonly status: {
    readonly job: { readonly name: string };
    readonly conditions: readonly { readonly type: string }[];
  };
}

interface StoredJob extends StoredObject {
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
  const adapt = (object: object, to: Identity): object => rename(object, { from, to, toNamespace });
  const jobBody = withoutServerFields((await client.request("GET", `${jobsPath}/${job}`)) as StoredJob);
  const configMapBody = withoutServerMetadata(
    (await client.request("GET", `${configMapsPath}/${job}`)) as StoredObject,
  );
  return {
    job: (to, lastsMs) => adapt(withDuration(jobBody, lastsMs), to),
    configMap: (to) => adapt(configMapBody, to),
    admitted: admittedAs(run.status),
    finished: run.status,
  };
}

/** Returns the status without the fields of a result. */
function admittedAs(status: StoredRun["status"]): object {
  const later = ["result", "session", "log", "progress", "startTime", "completionTime"];
  const soFar = Object.entries(status).filter(([key]) => !later.includes(key));
  return { ...Object.fromEntries(soFar), phase: "Pending" };
}

/** Sets how long the fake node runs the pod. */
function withDuration({ spec: { template, ...spec }, ...job }: StoredJob, lastsMs: number): object {
  const annotations = { ...template.metadata.annotations, [lastsAnnotation]: `${lastsMs}ms` };
  return { ...job, spec: { ...spec, template: { ...template, metadata: { ...template.metadata, annotations } } } };
}

/** Removes fields set by the API server and the Job controller. */
function withoutServerFields({ spec, ...rest }: StoredJob): StoredJob {
  const { template, ...mine } = Object.fromEntries(
    Object.entries(spec).filter(([key]) => key !== "selector"),
  ) as unknown as StoredJob["spec"];
  const labels = Object.entries(template.metadata.labels).filter(([key]) => !/controller-uid|job-name/.test(key));
  const metadata = { ...template.metadata, labels: Object.fromEntries(labels), creationTimestamp: undefined };
  const job = { ...rest, status: undefined, spec: { ...mine, template: { ...template, metadata } } };
  return withoutServerMetadata(job as StoredJob);
}

function withoutServerMetadata<Object extends StoredObject>(object: Object): Object {
  // Without its owner, the model's Job: in another namespace it would be garbage collected.
  const given = ["uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "ownerReferences"];
  const metadata = Object.entries(object.metadata).filter(([key]) => !given.includes(key));
  return { ...object, metadata: Object.fromEntries(metadata) as Object["metadata"] };
}

/** Replaces names and uids in names, labels, annotations, volumes and owners. */
function rename(
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
