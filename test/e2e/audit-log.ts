/** The API server's own record of who asked it for what. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { operatorNamespace, release } from "../install.ts";

const cluster = fileURLToPath(new URL("../cluster/cluster", import.meta.url));

interface AuditEvent {
  readonly stage: string;
  readonly requestReceivedTimestamp: string;
  readonly user: { readonly username: string };
}

/** When the operator read the logs of a namespace's pods: milliseconds since the epoch, oldest first. */
export async function logReadTimes(namespace: string): Promise<number[]> {
  const { stdout } = await promisify(execFile)(cluster, ["logs", "audit"], { maxBuffer: 2 ** 30 });
  return stdout
    .split("\n")
    .filter((line) => line.includes(`/namespaces/${namespace}/pods/`) && line.includes("/log?"))
    .map((line) => JSON.parse(line) as AuditEvent)
    .filter((event) => event.stage === "ResponseComplete")
    .filter(({ user }) => user.username === `system:serviceaccount:${operatorNamespace}:${release}`)
    .map(({ requestReceivedTimestamp }) => Date.parse(requestReceivedTimestamp));
}
