/** The ClaudeRun's schema: the only source of the CRD, its reference page and the inferred types. */
import * as z from "zod";
import { apiVersion, kind } from "./names.ts";
import { withTransitionRules, withRules, celList, type Rule, type TransitionRule } from "./rules.ts";
import { specSchema } from "./spec.ts";
import { finishedPhases, statusSchema } from "./status.ts";

const NAME_LENGTH = 63;

const nameFitsLabel: Rule<{ metadata: { name: string } }> = {
  rule: `size(self.metadata.name) <= ${NAME_LENGTH}`,
  message: `metadata.name must be at most ${NAME_LENGTH} characters long: it becomes a label value`,
  isValid: ({ metadata }) => metadata.name.length <= NAME_LENGTH,
};

/** Belongs to the root because a rule on status is not evaluated when status is removed. */
const finishedPhaseStays: TransitionRule = {
  rule:
    `!has(oldSelf.status) || !has(oldSelf.status.phase) || !(oldSelf.status.phase in ${celList(finishedPhases)}) || ` +
    "(has(self.status) && has(self.status.phase) && self.status.phase == oldSelf.status.phase)",
  message: "status.phase must not change once the run has finished: create a new run",
  fieldPath: ".status.phase",
};

const metadataSchema = z.object({ name: z.string() });

/** A ClaudeRun as clients write it; of metadata only the name is validated here. */
export const claudeRunSchema = withTransitionRules(
  withRules(
    z.strictObject({
      apiVersion: z.literal(apiVersion),
      kind: z.literal(kind),
      metadata: metadataSchema,
      spec: specSchema.describe(
        "Desired state. Immutable except suspend, cancel, cancelReason, priority and the TTLs.",
      ),
      status: statusSchema.describe("Observed state, written by the operator.").exactOptional(),
    }),
    nameFitsLabel,
  ),
  finishedPhaseStays,
);

/** Readonly at every level, because caches share the API server's objects. */
export type DeepReadonly<T> = T extends readonly (infer U)[]
  ? readonly DeepReadonly<U>[]
  : T extends object
    ? { readonly [K in keyof T]: DeepReadonly<T[K]> }
    : T;

/** A spec as the API server stores it, with defaults filled in. */
export type ClaudeRunSpec = DeepReadonly<z.output<typeof specSchema>>;
/** A spec as a client writes it: fields with a default are optional. */
export type ClaudeRunSpecInput = DeepReadonly<z.input<typeof specSchema>>;
export type ClaudeRunStatus = DeepReadonly<z.output<typeof statusSchema>>;

export type Phase = NonNullable<ClaudeRunStatus["phase"]>;
export type FinishedPhase = (typeof finishedPhases)[number];
export type ConcurrencyPolicy = ClaudeRunSpec["concurrencyPolicy"];
export type Condition = NonNullable<ClaudeRunStatus["conditions"]>[number];
export type Result = NonNullable<ClaudeRunStatus["result"]>;
export type Failure = NonNullable<ClaudeRunStatus["failure"]>;
export type PodOptions = NonNullable<ClaudeRunSpec["pod"]>;
export type ClaudeOptionsSpec = NonNullable<ClaudeRunSpec["claude"]>;

/** Metadata of an object from the API server. */
export interface ObjectMetadata {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation: number;
  /** RFC 3339. */
  readonly creationTimestamp: string;
  readonly deletionTimestamp?: string;
  readonly deletionGracePeriodSeconds?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly ownerReferences?: readonly OwnerReference[];
}

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

/** A ClaudeRun as the API server returns it. */
export interface ClaudeRun {
  readonly apiVersion: typeof apiVersion;
  readonly kind: typeof kind;
  readonly metadata: ObjectMetadata;
  readonly spec: ClaudeRunSpec;
  readonly status?: ClaudeRunStatus;
}

/** A ClaudeRun as a client creates it. */
export interface ClaudeRunInput {
  readonly apiVersion: typeof apiVersion;
  readonly kind: typeof kind;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: ClaudeRunSpecInput;
}
