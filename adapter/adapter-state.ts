/** The adapter's state between calls of the host. */
import type { ConnectionOptions } from "../kube/connection.ts";
import { ConnectionCache } from "./kubernetes/connections.ts";
import { newLeaseName, type ClientLease } from "./kubernetes/lease.ts";
import { TrackedRuns } from "./tracked-runs.ts";

/**
 * The state of one client of the operator. A process needs exactly one, because another one would be another client
 * with its own Lease, and would not know which runs this one follows.
 */
export class AdapterState {
  /** Name of this client's Lease in each namespace. A restarted server is another client. */
  readonly leaseName = newLeaseName();
  /** Leases by API server and namespace; a promise while the Lease is being created. */
  readonly leases = new Map<string, Promise<ClientLease>>();
  /** API servers and namespaces whose garbage is collected in the background. */
  readonly collecting = new Set<string>();
  readonly connections: ConnectionCache;
  readonly runs = new TrackedRuns();

  constructor(connectionOptions: Partial<ConnectionOptions> = {}) {
    this.connections = new ConnectionCache(connectionOptions);
  }
}
