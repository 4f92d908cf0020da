/** The Lease of coordination.k8s.io/v1, as its clients read and write it. */

/** A Lease. Fields that the object lacks are undefined, never a default. */
export interface Lease {
  readonly uid: string;
  readonly namespace: string;
  readonly resourceVersion: string;
  /** Empty: released, or never acquired. */
  readonly holder: string;
  readonly durationMs: number | undefined;
  /** Number of changes of the holder. */
  readonly transitions: number;
  readonly acquireTime: string | undefined;
  readonly renewTime: string | undefined;
  /** The renewal, by its writer's clock, in milliseconds since the epoch; the creation if it was never renewed. */
  readonly renewedMs: number | undefined;
}

/** The fields of a Lease that a client writes. Times are in milliseconds since the epoch. */
export interface LeaseSpec {
  readonly holder: string;
  readonly durationMs: number;
  readonly transitions?: number;
  readonly acquiredMs: number;
  readonly renewedMs: number;
}

interface RawLease {
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly spec?: Readonly<Record<string, unknown>>;
}

/** Reads a Lease. Users can write any value, so fields of another type count as missing. */
export function parseLease(object: unknown): Lease {
  const { metadata = {}, spec = {} } = (object ?? {}) as RawLease;
  const renewTime = textOf(spec["renewTime"]);
  const renewedMs = Date.parse(renewTime ?? textOf(metadata["creationTimestamp"]) ?? "");
  const seconds = numberOf(spec["leaseDurationSeconds"]);
  return {
    uid: textOf(metadata["uid"]) ?? "",
    namespace: textOf(metadata["namespace"]) ?? "",
    resourceVersion: textOf(metadata["resourceVersion"]) ?? "",
    holder: textOf(spec["holderIdentity"]) ?? "",
    durationMs: seconds === undefined || seconds <= 0 ? undefined : seconds * 1_000,
    transitions: numberOf(spec["leaseTransitions"]) ?? 0,
    acquireTime: textOf(spec["acquireTime"]),
    renewTime,
    renewedMs: Number.isNaN(renewedMs) ? undefined : renewedMs,
  };
}

/** True if the Lease was renewed within twice its duration: the clocks of its writer and of this process may differ. */
export function isRenewed({ renewTime, durationMs }: Lease, nowMs: number, defaultDurationMs = 60_000): boolean {
  return nowMs - Date.parse(renewTime ?? "") <= 2 * (durationMs ?? defaultDurationMs);
}

/** The object of a Lease to create or replace. */
export function leaseObject(metadata: object, { holder, durationMs, transitions, acquiredMs, renewedMs }: LeaseSpec) {
  return {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata,
    spec: {
      holderIdentity: holder,
      leaseDurationSeconds: Math.max(1, Math.ceil(durationMs / 1_000)),
      ...(transitions === undefined ? {} : { leaseTransitions: transitions }),
      acquireTime: microTime(acquiredMs),
      renewTime: microTime(renewedMs),
    },
  };
}

/** The API's MicroTime: six digits after the second. */
export function microTime(ms: number): string {
  return new Date(ms).toISOString().replace("Z", "000Z");
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function numberOf(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}
