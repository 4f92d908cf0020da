/** Renews one Lease for this process in each namespace: the operator cancels the runs of an expired Lease. */
import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { ApiError } from "../../kube/api-error.ts";
import type { Connection } from "../../kube/connection.ts";
import { leaseObject, microTime } from "../../kube/lease.ts";
import { leasePath, leasesPath } from "../../client/paths.ts";
import type { NamespacedName } from "../../client/runs.ts";
import type { AdapterState } from "../adapter-state.ts";

const durationMs = 60_000;
/** Three requests a minute for a whole server. */
const renewMs = 20_000;
/** Retry after a failure: three more tries fit before the Lease expires. */
const retryMs = 5_000;

/** Returns a unique name. */
export function newLeaseName(): string {
  const host = hostname()
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "")
    .slice(0, 40);
  return `paperclip-${host}-${randomBytes(4).toString("hex")}`;
}

/** Returns the client's Lease in the namespace. The first call creates it and starts to renew it. */
export function ensureLease(
  { leaseName, leases }: Pick<AdapterState, "leaseName" | "leases">,
  connection: Connection,
  namespace: string,
): Promise<ClientLease> {
  const key = `${connection.server} ${namespace}`;
  const existing = leases.get(key);
  if (existing !== undefined) {
    // A changed kubeconfig can have other credentials.
    existing.then((lease) => lease.useConnection(connection)).catch(() => undefined);
    return existing;
  }
  const made = ClientLease.create(connection, { namespace, name: leaseName });
  leases.set(key, made);
  made.catch(() => leases.delete(key));
  return made;
}

export class ClientLease {
  #connection: Connection;
  readonly #lease: NamespacedName;
  readonly #intervalMs: number;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  private constructor(connection: Connection, lease: NamespacedName, everyMs: number) {
    this.#connection = connection;
    this.#lease = lease;
    this.#intervalMs = everyMs;
    this.#scheduleRenewal(everyMs);
  }

  static async create(connection: Connection, lease: NamespacedName, everyMs = renewMs): Promise<ClientLease> {
    await createLease(connection, lease);
    return new ClientLease(connection, lease, everyMs);
  }

  /** Renews with this connection from now on. */
  useConnection(connection: Connection): void {
    this.#connection = connection;
  }

  /** Stops renewing. The Lease remains until it expires. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  #scheduleRenewal(ms: number): void {
    if (this.#isStopped) return;
    // Unreferenced: the Lease must not keep an idle process alive.
    this.#timer = setTimeout(() => void this.#renewAndSchedule(), ms).unref();
  }

  async #renewAndSchedule(): Promise<void> {
    const isRenewed = await this.#renew();
    this.#scheduleRenewal(isRenewed ? this.#intervalMs : Math.min(this.#intervalMs, retryMs));
  }

  async #renew(): Promise<boolean> {
    try {
      const asked = { body: { spec: { renewTime: microTime(Date.now()) } }, timeoutMs: retryMs };
      await this.#connection.once("PATCH", leasePath(this.#lease.namespace, this.#lease.name), asked);
      return true;
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 404) return false;
      // A deleted Lease is created again.
      return createLease(this.#connection, this.#lease).then(
        () => true,
        () => false,
      );
    }
  }
}

async function createLease(connection: Connection, { namespace, name }: NamespacedName): Promise<void> {
  const nowMs = Date.now();
  const labels = { "app.kubernetes.io/managed-by": "paperclip-adapter-clauderun" };
  const spec = { holder: name, durationMs, acquiredMs: nowMs, renewedMs: nowMs };
  const body = leaseObject({ name, namespace, labels }, spec);
  try {
    await connection.request("POST", leasesPath(namespace), { body });
  } catch (error) {
    // The name is unique, so an earlier request without a response created it.
    if (!(error instanceof ApiError) || error.code !== 409) throw error;
  }
}
