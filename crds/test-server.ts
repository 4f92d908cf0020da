/** For the tests: the API server that KUBECONFIG names, spoken to over HTTP so that a thousand questions take seconds. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { Agent, request } from "undici";
import { applyCrd } from "../test/cluster/crd.ts";
import { group, plural, version } from "./names.ts";

const run = promisify(execFile);
const COLLECTION = `/apis/${group}/${version}/namespaces/default/${plural}`;

/** What kubectl writes to stdout. */
export async function kubectl(...args: readonly string[]): Promise<string> {
  const { stdout } = await run("kubectl", args, { timeout: 60_000 });
  return stdout;
}

export interface Answer {
  readonly status: number;
  /** The object, or the server's reason for refusing it. */
  readonly body: { readonly message?: string } & Readonly<Record<string, unknown>>;
}

/** Changes nothing: the server judges only. */
export const dryRun = { dryRun: "All", fieldValidation: "Strict", fieldManager: "crds-test" } as const;
export const forReal = { fieldValidation: "Strict", fieldManager: "crds-test" } as const;

interface Kubeconfig {
  readonly clusters: readonly { cluster: { server: string; "certificate-authority-data": string } }[];
  readonly users: readonly { user: { "client-certificate-data": string; "client-key-data": string } }[];
}

export interface TestServer extends AsyncDisposable {
  create(object: object, options: Readonly<Record<string, string>>): Promise<Answer>;
  /** Merge patch; `path` is the object's name, with "/status" for its status. */
  patch(path: string, change: object, options: Readonly<Record<string, string>>): Promise<Answer>;
  remove(name: string): Promise<Answer>;
  list(fieldSelector: string): Promise<Answer>;
}

/** Connects to the cluster, with the CRD applied and served. */
export async function testServer(): Promise<TestServer> {
  await applyCrd();
  const text = await kubectl("config", "view", "--raw", "--minify", "--flatten", "-o", "json");
  const { clusters, users } = JSON.parse(text) as Kubeconfig;
  const [cluster, user] = [clusters[0]?.cluster, users[0]?.user];
  if (cluster === undefined || user === undefined) throw new Error("KUBECONFIG names no cluster or no user");
  const decoded = (base64: string) => Buffer.from(base64, "base64").toString();
  const dispatcher = new Agent({
    connections: 10,
    connect: {
      ca: decoded(cluster["certificate-authority-data"]),
      cert: decoded(user["client-certificate-data"]),
      key: decoded(user["client-key-data"]),
    },
  });

  async function ask(method: "POST" | "PATCH" | "DELETE" | "GET", path: string, query: object, body?: object) {
    const url = new URL(COLLECTION + path, cluster?.server);
    url.search = new URLSearchParams(Object.entries(query)).toString();
    const answer = await request(url, {
      dispatcher,
      method,
      headers: { "content-type": method === "PATCH" ? "application/merge-patch+json" : "application/json" },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return { status: answer.statusCode, body: (await answer.body.json()) as Answer["body"] };
  }

  return {
    create: (object, options) => ask("POST", "", options, object),
    patch: (path, change, options) => ask("PATCH", `/${path}`, options, change),
    remove: (name) => ask("DELETE", `/${name}`, {}),
    list: (fieldSelector) => ask("GET", "", { fieldSelector }),
    [Symbol.asyncDispose]: () => dispatcher.close(),
  };
}

/** True if the server would have taken it, false if it refused the object; anything else is no verdict. */
export function accepted({ status, body }: Answer): boolean {
  if (status === 200 || status === 201) return true;
  if (status === 400 || status === 422) return false;
  throw new Error(`the API server gave no verdict but ${status}: ${body.message ?? ""}`);
}
