/**
 * What a server that died has left: its runs that have not ended are cancelled once its Lease is gone or expired, and the
 * Secrets of those that have ended are removed. Whatever a living server holds is left alone.
 */
import type { ClaudeRun } from "../../crds/claude-run.ts";
import { adapterType } from "../spec/plan.ts";
import { runLabels } from "../spec/names.ts";
import { ApiError } from "./api-error.ts";
import type { Connection } from "./connection.ts";
import { leaseName } from "./lease.ts";
import { leasesPath, runsPath } from "./paths.ts";
import { cancelRun, deleteSecrets } from "./runs.ts";

interface Lease {
  readonly spec?: { readonly renewTime?: string; readonly leaseDurationSeconds?: number };
}

const swept = new Set<string>();

/** Once for each namespace and process, in the background: no run waits for it. */
export function sweepOnce(connection: Connection, namespace: string): void {
  const key = `${connection.server} ${namespace}`;
  if (swept.has(key)) return;
  swept.add(key);
  // The operator ends lost runs by itself: what fails here is only later.
  sweep(connection, namespace).catch(() => swept.delete(key));
}

/** Returns the names of the runs that were cancelled. */
export async function sweep(connection: Connection, namespace: string): Promise<string[]> {
  const labelSelector = `${runLabels.adapter}=${adapterType}`;
  const { items } = (await connection.request("GET", runsPath(namespace), { query: { labelSelector } })) as {
    items: ClaudeRun[];
  };
  const cancelled: string[] = [];
  const isAlive = new Map<string, Promise<boolean>>();
  for (const run of items) {
    const lease = run.spec.clientLeaseName;
    if (lease === undefined || lease === leaseName) continue;
    if (!isAlive.has(lease)) isAlive.set(lease, isHeld(connection, namespace, lease));
    if (await isAlive.get(lease)) continue;
    if (run.status?.completionTime === undefined) {
      await cancelRun(connection, run, `its client ${lease} renews its Lease no more`);
      cancelled.push(run.metadata.name);
    } else await deleteSecrets(connection, run, secretNamesOf(run));
  }
  return cancelled;
}

/** The Secrets that a run's spec names and that bear its name: only those are its own. */
function secretNamesOf({ metadata: { name }, spec }: ClaudeRun): string[] {
  const named = JSON.stringify(spec).matchAll(/"secretKeyRef":\{[^{}]*"name":"([^"]+)"/g);
  return [...new Set([...named].map(([, secret = ""]) => secret))].filter(
    (secret) => secret === name || secret.startsWith(`${name}-`),
  );
}

async function isHeld(connection: Connection, namespace: string, name: string): Promise<boolean> {
  try {
    const { spec } = (await connection.request("GET", `${leasesPath(namespace)}/${name}`)) as Lease;
    const renewedMs = Date.parse(spec?.renewTime ?? "");
    // Twice its time: clocks differ.
    return Date.now() - renewedMs < 2_000 * (spec?.leaseDurationSeconds ?? 60);
  } catch (error) {
    if (error instanceof ApiError && error.code === 404) return false;
    throw error;
  }
}
