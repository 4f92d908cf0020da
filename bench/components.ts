/** The cluster's own processes and the flags they run with, where the local back end made them. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import type { Named } from "./proc.ts";

const directory = (): string => `${process.env["CLUSTER_DIR"] ?? ""}/run`;

/** Empty on kind, whose processes are in a container. */
export function components(): Named[] {
  const pids = `${directory()}/pid`;
  if (!existsSync(pids)) return [];
  return readdirSync(pids).map((name) => ({ name, pid: Number(readFileSync(`${pids}/${name}`, "utf8")) }));
}

const telling = /^--(kube-api-qps|kube-api-burst|concurrent-job-syncs|unsafe-no-fsync)/;

/** The flags without which a throughput means nothing. */
export function flags(): Record<string, string> {
  const names = ["kube-controller-manager", "kube-scheduler", "etcd"];
  const known = names.filter((name) => existsSync(`${directory()}/cmd/${name}`));
  if (known.length === 0) return { "controller manager and scheduler": "as test/cluster/kind.sh sets them" };
  return Object.fromEntries(
    known.map((name) => {
      const line = readFileSync(`${directory()}/cmd/${name}`, "utf8").split("\0");
      return [name, line.filter((flag) => telling.test(flag)).join(" ") || "defaults"];
    }),
  );
}
