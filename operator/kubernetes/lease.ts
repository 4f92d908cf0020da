/** A Lease of coordination.k8s.io as the lock of the leader election: watched, and written by compare-and-swap. */
import { leaseObject, parseLease, type Lease } from "../../kube/lease.ts";
import type { LeaseRecord, Lock } from "../election.ts";
import { ConflictError, RejectedError } from "../errors.ts";
import type { Log } from "../log.ts";
import { collection, object } from "./paths.ts";
import { Reflector } from "./reflector.ts";
import { Store, type Stored } from "./store.ts";
import type { Transport } from "./transport.ts";

type KnownLease = LeaseRecord & Stored & Pick<Lease, "acquireTime">;

export interface KubernetesLeaseOptions {
  readonly transport: Transport;
  readonly log: Log;
  readonly namespace: string;
  readonly name: string;
}

export class KubernetesLease implements Lock {
  readonly #transport: Transport;
  readonly #id: { readonly namespace: string; readonly name: string };
  readonly #store: Store<KnownLease>;
  readonly #watch: Reflector<KnownLease>;
  #known: KnownLease | undefined;
  #onChange: () => void = () => undefined;

  constructor({ transport, log, namespace, name }: KubernetesLeaseOptions) {
    this.#transport = transport;
    this.#id = { namespace, name };
    this.#store = new Store<KnownLease>(
      () => name,
      ({ after }) => {
        this.#known = after;
        this.#onChange();
      },
    );
    this.#watch = new Reflector({
      transport,
      log,
      path: collection("lease", namespace),
      // RBAC with resourceNames allows list and watch with this field selector only.
      fieldSelector: `metadata.name=${name}`,
      parse: recordOf,
      store: this.#store,
    });
  }

  get record(): LeaseRecord | undefined {
    return this.#known;
  }

  start(onChange: () => void): void {
    this.#onChange = onChange;
    this.#watch.start();
  }

  async stop(): Promise<void> {
    await this.#watch.stop();
  }

  async read(timeoutMs: number): Promise<void> {
    this.#take(await this.#transport.request("GET", object("lease", this.#id), { timeoutMs }));
  }

  async write(record: Omit<LeaseRecord, "sign">, timeoutMs: number): Promise<void> {
    const known = this.#known;
    const nowMs = this.#transport.now();
    const isRenewal = known?.holder === record.holder;
    const acquiredMs = isRenewal ? Date.parse(known.acquireTime ?? "") : nowMs;
    const version = known === undefined ? {} : { uid: known.uid, resourceVersion: known.resourceVersion };
    const body = leaseObject(
      { ...this.#id, ...version },
      { ...record, acquiredMs: Number.isNaN(acquiredMs) ? nowMs : acquiredMs, renewedMs: nowMs },
    );
    const { namespace } = this.#id;
    const [verb, path] =
      known === undefined
        ? (["POST", collection("lease", namespace)] as const)
        : (["PUT", object("lease", this.#id)] as const);
    const written = await this.#transport.request(verb, path, { body, timeoutMs }).catch((error: unknown) => {
      if (error instanceof RejectedError && error.reason === "AlreadyExists") {
        throw new ConflictError("another replica created the Lease", { cause: error });
      }
      throw error;
    });
    this.#take(written);
    if (written === undefined) throw new ConflictError("the Lease was deleted");
  }

  #take(lease: unknown): void {
    if (lease === undefined) {
      if (this.#known !== undefined) this.#store.remove(this.#known.uid, this.#known.resourceVersion);
      return;
    }
    const parsed = recordOf(lease);
    this.#store.put(parsed.uid, parsed);
  }
}

function recordOf(object: unknown): KnownLease {
  const { renewTime = "", durationMs = 0, ...lease } = parseLease(object);
  return { ...lease, durationMs, sign: `${lease.holder} ${renewTime}` };
}
