/** One Lease for a server process and namespace: the operator ends the runs of a server that renews it no more. */
import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { ApiError } from "./api-error.ts";
import type { Connection } from "./connection.ts";
import { leasesPath } from "./paths.ts";

const durationSeconds = 60;
const renewMs = 15_000;

/** Its name is the process's own: a server that comes back is another client. */
export const leaseName = `paperclip-${hostname()
  .toLowerCase()
  .replace(/[^a-z0-9]+/g, "-")
  .replace(/^-|-$/g, "")
  .slice(0, 40)}-${randomBytes(4).toString("hex")}`;

const held = new Map<string, Promise<ClientLease>>();

/** The Lease of this process in the namespace, made when it is first asked for and renewed while the process lives. */
export function holdLease(connection: Connection, namespace: string): Promise<ClientLease> {
  const key = `${connection.server} ${namespace}`;
  const existing = held.get(key);
  if (existing !== undefined) return existing;
  const made = ClientLease.make(connection, namespace);
  held.set(key, made);
  made.catch(() => held.delete(key));
  return made;
}

export class ClientLease {
  readonly #connection: Connection;
  readonly #namespace: string;
  readonly #timer: NodeJS.Timeout;

  private constructor(connection: Connection, namespace: string, everyMs: number) {
    this.#connection = connection;
    this.#namespace = namespace;
    this.#timer = setInterval(() => void this.#renew(), everyMs);
    // The Lease must not keep a process alive that has nothing else to do.
    this.#timer.unref();
  }

  static async make(connection: Connection, namespace: string, everyMs = renewMs): Promise<ClientLease> {
    await createLease(connection, namespace);
    return new ClientLease(connection, namespace, everyMs);
  }

  /** Stops renewing. The Lease stays, and expires. */
  stop(): void {
    clearInterval(this.#timer);
  }

  async #renew(): Promise<void> {
    try {
      const asked = { body: { spec: { renewTime: microTime() } }, timeoutMs: renewMs - 1_000 };
      await this.#connection.once("PATCH", `${leasesPath(this.#namespace)}/${leaseName}`, asked);
    } catch (error) {
      // What fails is tried again at the next turn: there are four before the Lease expires. One that somebody deleted is made again.
      if (!(error instanceof ApiError) || error.code !== 404) return;
      await createLease(this.#connection, this.#namespace).catch(() => undefined);
    }
  }
}

async function createLease(connection: Connection, namespace: string): Promise<void> {
  const now = microTime();
  const spec = { holderIdentity: leaseName, leaseDurationSeconds: durationSeconds, acquireTime: now, renewTime: now };
  const labels = { "app.kubernetes.io/managed-by": "paperclip-adapter-clauderun" };
  const body = {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: { name: leaseName, namespace, labels },
    spec,
  };
  try {
    await connection.request("POST", leasesPath(namespace), { body });
  } catch (error) {
    // Ours from a try whose answer was lost: nobody else has the name.
    if (!(error instanceof ApiError) || error.code !== 409) throw error;
  }
}

function microTime(): string {
  return new Date().toISOString().replace("Z", "000Z");
}
