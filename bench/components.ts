/** Processes of the cluster and their flags, on the local back end. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import type { Named } from "./proc.ts";

const directory = (): string => `${process.env["CLUSTER_DIR"] ?? ""}/run`;

/** Returns the cluster's processes; empty on kind, whose processes are in a container. */
export function components(): Named[] {
  const pids = `${directory()}/pid`;
  if (!existsSync(pids)) return [];
  return readdirSync(pids).map((name) => ({ name, pid: Number(readFileSync(`${pids}/${name}`, "utf8")) }));
}

const relevantFlag = /^--(kube-api-qps|kube-api-burst|concurrent-job-syncs|unsafe-no-fsync)/;

/** Returns the flags that affect throughput. */
export function flags(): Record<string, string> {
  const names = ["kube-controller-manager", "kube-scheduler", "etcd"];
  const known = names.filter((name) => existsSync(`${directory()}/cmd/${name}`));
  if (known.length === 0) return { "controller manager and scheduler": "as test/cluster/kind.sh sets them" };
  return Object.fromEntries(
    known.map((name) => {
      const line = readFileSync(`${directory()}/cmd/${name}`, "utf8").split("\0");
      return [name, line.filter((flag) => relevantFlag.test(flag)).join(" ") || "defaults"];
    }),
  );
}
