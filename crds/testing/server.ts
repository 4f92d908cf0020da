/** Test client of the API server in KUBECONFIG. It uses HTTP directly, so that a thousand requests take seconds. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { Agent, request } from "undici";
import { applyCrd } from "../../test/cluster/crd.ts";
import { group, plural, version } from "../names.ts";

const run = promisify(execFile);
const COLLECTION = `/apis/${group}/${version}/namespaces/default/${plural}`;

/** Runs kubectl and returns its stdout. */
export async function kubectl(...args: readonly string[]): Promise<string> {
  const { stdout } = await run("kubectl", args, { timeout: 60_000 });
  return stdout;
}

export interface ServerResponse {
  readonly status: number;
  /** The object, or the server's reason for rejecting it. */
  readonly body: { readonly message?: string } & Readonly<Record<string, unknown>>;
}

/** Validates on the server without a change. */
export const dryRun = { dryRun: "All", fieldValidation: "Strict", fieldManager: "crds-test" } as const;
export const persisted = { fieldValidation: "Strict", fieldManager: "crds-test" } as const;

interface Kubeconfig {
  readonly clusters: readonly { cluster: { server: string; "certificate-authority-data": string } }[];
  readonly users: readonly { user: { "client-certificate-data": string; "client-key-data": string } }[];
}

export interface TestServer extends AsyncDisposable {
  create(object: object, options: Readonly<Record<string, string>>): Promise<ServerResponse>;
  /** Merge patch; `path` is the object's name, with "/status" for its status. */
  patch(path: string, change: object, options: Readonly<Record<string, string>>): Promise<ServerResponse>;
  remove(name: string): Promise<ServerResponse>;
  list(fieldSelector: string): Promise<ServerResponse>;
}

/** Applies the CRD and returns a client of the cluster. */
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

  async function send(method: "POST" | "PATCH" | "DELETE" | "GET", path: string, query: object, body?: object) {
    const url = new URL(COLLECTION + path, cluster?.server);
    url.search = new URLSearchParams(Object.entries(query)).toString();
    const answer = await request(url, {
      dispatcher,
      method,
      headers: { "content-type": method === "PATCH" ? "application/merge-patch+json" : "application/json" },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return { status: answer.statusCode, body: (await answer.body.json()) as ServerResponse["body"] };
  }

  return {
    create: (object, options) => send("POST", "", options, object),
    patch: (path, change, options) => send("PATCH", `/${path}`, options, change),
    remove: (name) => send("DELETE", `/${name}`, {}),
    list: (fieldSelector) => send("GET", "", { fieldSelector }),
    [Symbol.asyncDispose]: () => dispatcher.close(),
  };
}

/** True if the server accepted the object, false if it rejected it; throws on any other status. */
export function isAccepted({ status, body }: ServerResponse): boolean {
  if (status === 200 || status === 201) return true;
  if (status === 400 || status === 422) return false;
  throw new Error(`the API server answered ${status} instead of accepting or rejecting: ${body.message ?? ""}`);
}
