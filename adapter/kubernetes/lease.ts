/** One Lease for a server process and namespace: the operator ends the runs of a server that renews it no more. */
import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { ApiError } from "./api-error.ts";
import type { Connection } from "./connection.ts";
import { leasesPath } from "./paths.ts";

const durationSeconds = 60;
/** Three requests a minute for a whole server. */
const renewMs = 20_000;
/** What failed is tried again sooner: there is time for three more tries before the Lease expires. */
const retryMs = 5_000;

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
  readonly #everyMs: number;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  private constructor(connection: Connection, namespace: string, everyMs: number) {
    this.#connection = connection;
    this.#namespace = namespace;
    this.#everyMs = everyMs;
    this.#renewIn(everyMs);
  }

  static async make(connection: Connection, namespace: string, everyMs = renewMs): Promise<ClientLease> {
    await createLease(connection, namespace);
    return new ClientLease(connection, namespace, everyMs);
  }

  /** Stops renewing. The Lease stays, and expires. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  #renewIn(ms: number): void {
    if (this.#isStopped) return;
    // The Lease must not keep a process alive that has nothing else to do.
    this.#timer = setTimeout(() => void this.#turn(), ms).unref();
  }

  async #turn(): Promise<void> {
    const isRenewed = await this.#renew();
    this.#renewIn(isRenewed ? this.#everyMs : Math.min(this.#everyMs, retryMs));
  }

  async #renew(): Promise<boolean> {
    try {
      const asked = { body: { spec: { renewTime: microTime() } }, timeoutMs: retryMs };
      await this.#connection.once("PATCH", `${leasesPath(this.#namespace)}/${leaseName}`, asked);
      return true;
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 404) return false;
      // One that somebody deleted is made again.
      return createLease(this.#connection, this.#namespace).then(
        () => true,
        () => false,
      );
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
