/** One connection for each kubeconfig, for the life of the process; credentials are read again as they rotate. */
import { Connection } from "./connection.ts";

const userAgent = "paperclip-adapter-clauderun/0.1.0";
const connections = new Map<string, Connection>();

/** The connection of a kubeconfig on the server; undefined: in-cluster, or what KUBECONFIG names. */
export function connectionFor(kubeconfig: string | undefined): Connection {
  const key = kubeconfig ?? "";
  const existing = connections.get(key);
  if (existing !== undefined) return existing;
  const made = Connection.fromKubeconfig(kubeconfig, userAgent);
  connections.set(key, made);
  return made;
}
