/** A Lease of coordination.k8s.io as the lock of the leader election: watched, and written by compare-and-swap. */
import * as z from "zod";
import type { LeaseRecord, Lock } from "../election.ts";
import { ConflictError, RejectedError } from "../errors.ts";
import type { Log } from "../log.ts";
import { collection, object } from "./paths.ts";
import { Reflector } from "./reflector.ts";
import { Store, type Stored } from "./store.ts";
import type { Transport } from "./transport.ts";

type KnownLease = LeaseRecord & Stored & { readonly acquireTime: string | undefined };

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
      parse: parseLease,
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
    const now = microTime(this.#transport.now());
    const isRenewal = known?.holder === record.holder;
    const body = {
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: {
        ...this.#id,
        ...(known === undefined ? {} : { uid: known.uid, resourceVersion: known.resourceVersion }),
      },
      spec: {
        holderIdentity: record.holder,
        leaseDurationSeconds: Math.max(1, Math.ceil(record.durationMs / 1000)),
        leaseTransitions: record.transitions,
        acquireTime: isRenewal ? (known.acquireTime ?? now) : now,
        renewTime: now,
      },
    };
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
    const parsed = parseLease(lease);
    this.#store.put(parsed.uid, parsed);
  }
}

const leaseSchema = z.object({
  metadata: z.object({ uid: z.string(), namespace: z.string(), resourceVersion: z.string() }),
  spec: z
    .object({
      holderIdentity: z.string().optional(),
      leaseDurationSeconds: z.number().optional(),
      leaseTransitions: z.number().optional(),
      acquireTime: z.string().optional(),
      renewTime: z.string().optional(),
    })
    .default({}),
});

function parseLease(lease: unknown): KnownLease {
  const { metadata, spec } = leaseSchema.parse(lease);
  const { holderIdentity: holder = "", leaseTransitions: transitions = 0, acquireTime, renewTime = "" } = spec;
  const sign = `${holder} ${renewTime}`;
  return { ...metadata, holder, transitions, sign, acquireTime, durationMs: (spec.leaseDurationSeconds ?? 0) * 1000 };
}

/** MicroTime of the API: six digits after the second. */
function microTime(ms: number): string {
  return new Date(ms).toISOString().replace("Z", "000Z");
}
