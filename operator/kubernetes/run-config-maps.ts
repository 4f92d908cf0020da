/**
 * Creates the ConfigMaps of pods: the runner ConfigMap per namespace and version, and the run ConfigMap per attempt.
 */
import { isDeepStrictEqual } from "node:util";
import type { V1ConfigMap } from "@kubernetes/client-node";
import type { Log } from "../log.ts";
import { managedBy } from "../names.ts";
import { runnerFile } from "../plan/paths.ts";
import { digestOf, digestsOf } from "../plan/verified-start.ts";
import { ConflictError, OutdatedPodError, RejectedError } from "../errors.ts";
import { collection, object } from "./paths.ts";
import type { Transport } from "./transport.ts";

interface Stored {
  readonly metadata?: {
    readonly uid?: string;
    readonly resourceVersion?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly { readonly uid: string; readonly controller?: boolean }[];
  };
  readonly immutable?: boolean;
  readonly data?: Readonly<Record<string, string>>;
  readonly binaryData?: Readonly<Record<string, string>>;
}

/** The run for which a ConfigMap is created. */
export interface RunRef {
  readonly namespace: string;
  readonly runName: string;
  readonly runUid: string;
}

/** The run ConfigMap of an attempt: its owner, and the digests that its pod requires. */
export interface RunConfigMapOptions extends RunRef {
  /** Uid of the Job, or of the run if there is no Job. */
  readonly ownerUid: string;
  readonly attempt: number;
  /** As in Pod. */
  readonly runDigests?: string;
  readonly plan: () => Promise<V1ConfigMap>;
}

interface Ensured {
  /** False: neither the planned nor the stored ConfigMap has the digests that the pod requires. */
  readonly isRequired: Promise<boolean>;
  readonly done: Promise<void>;
}

/** Called for each foreign ConfigMap that was deleted, with the run that needed its name. */
export type OnReplaced = (run: RunRef, configMap: string) => void;

/** Time for which the runner ConfigMap is not read again. */
const trustMs = 10_000;

export class RunConfigMaps {
  readonly #transport: Transport;
  readonly #runner: string;
  /** Name of the runner ConfigMap. It depends on the content, so that several versions can exist. */
  readonly runnerConfigMap: string;
  /** SHA-256 of the runner's file, which pods compare before they execute anything. */
  readonly runnerDigest: string;
  readonly #log: Pick<Log, "warn">;
  readonly #onReplaced: OnReplaced;
  /** Namespaces with the runner ConfigMap. */
  readonly #namespaces = new Map<string, { readonly untilMs: number; readonly done: Promise<void> }>();
  /** Run ConfigMaps that exist or are being created, by owner and attempt. */
  readonly #ensured = new Map<string, Ensured>();

  constructor(
    transport: Transport,
    runner: string,
    { log, onReplaced }: { readonly log: Pick<Log, "warn">; readonly onReplaced: OnReplaced },
  ) {
    this.#log = log;
    this.#onReplaced = onReplaced;
    this.#transport = transport;
    this.#runner = runner;
    this.runnerDigest = digestOf(runner);
    this.runnerConfigMap = runnerConfigMapOf(runner);
  }

  /** Ensures that the namespace has an unchanged runner ConfigMap. It is read at most every ten seconds. */
  ensureRunnerConfigMap(run: RunRef): Promise<void> {
    const { namespace } = run;
    const nowMs = this.#transport.now();
    const known = this.#namespaces.get(namespace);
    if (known !== undefined && nowMs < known.untilMs) return known.done;
    const done = this.#ensureRunner(run, known !== undefined);
    this.#namespaces.set(namespace, { untilMs: nowMs + trustMs, done });
    done.catch(() => this.#namespaces.delete(namespace));
    return done;
  }

  /** Reads the runner ConfigMap the next time, because it may have been deleted. */
  forgetRunner(namespace: string): void {
    this.#namespaces.delete(namespace);
  }

  /**
   * Creates the run ConfigMap, once per attempt. `done` resolves when it exists, and rejects with OutdatedPodError if
   * `isRequired` is false.
   */
  ensureRunConfigMap(options: RunConfigMapOptions): Ensured {
    const key = attemptKey(options);
    const known = this.#ensured.get(key);
    if (known !== undefined) return known;
    if (this.#ensured.size > 10_000) this.#ensured.clear();
    const planned = options.plan();
    const required = planned.then((body) => this.#required(body, options));
    const isRequired = required.then((which) => which !== "neither");
    const done = required.then(async (which) => this.#createRequired(await planned, which, options));
    const ensured = { isRequired, done };
    this.#ensured.set(key, ensured);
    // Callers that await them get the error. A failed entry is removed, so that the next caller tries again.
    isRequired.catch(() => undefined);
    done.catch(() => this.#ensured.get(key) === ensured && this.#ensured.delete(key));
    return ensured;
  }

  /** Creates the run ConfigMap again the next time, because it may have been deleted. */
  forget(options: Pick<RunConfigMapOptions, "ownerUid" | "attempt">): void {
    this.#ensured.delete(attemptKey(options));
  }

  /** True if a ConfigMap with this name exists. A pod that mounts it verifies the content itself. */
  async exists(id: { readonly namespace: string; readonly name: string }): Promise<boolean> {
    return (await this.#get(id)) !== undefined;
  }

  /** Which ConfigMap the pod requires. A pod without digests, from an older operator, gets the planned one. */
  async #required(body: V1ConfigMap, options: RunConfigMapOptions): Promise<"planned" | "stored" | "neither"> {
    const { ownerUid, runDigests } = options;
    const isRequired = ({ data = {} }: Stored): boolean => JSON.stringify(digestsOf(data)) === runDigests;
    if (runDigests === undefined || isRequired(body)) return "planned";
    // Another version or configuration of the operator created the Job, and perhaps the ConfigMap too.
    const found = await this.#get(idOf(body));
    if (found === undefined || !isRequired(found)) return "neither";
    return isSame(found, { metadata: body.metadata ?? {}, data: { ...found.data } }, ownerUid) ? "stored" : "neither";
  }

  async #createRequired(
    body: V1ConfigMap,
    which: "planned" | "stored" | "neither",
    options: RunConfigMapOptions,
  ): Promise<void> {
    if (which === "planned") return this.#create(body, options, options.ownerUid);
    if (which === "stored") return;
    const { namespace, name } = idOf(body);
    throw new OutdatedPodError(`the pod requires another ConfigMap ${namespace}/${name} than this operator creates`);
  }

  /** The namespace may have been deleted and created again, or the ConfigMap replaced. */
  async #ensureRunner(run: RunRef, isKnown: boolean): Promise<void> {
    const body = this.#plannedRunner(run.namespace);
    const found = isKnown ? await this.#get(idOf(body)) : undefined;
    if (found === undefined || !isSame(found, body, undefined)) await this.#create(body, run);
  }

  async #get(id: { readonly namespace: string; readonly name: string }): Promise<Stored | undefined> {
    return (await this.#transport.request("GET", object("configMap", id))) as Stored | undefined;
  }

  #plannedRunner(namespace: string): V1ConfigMap {
    return {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: {
        name: this.runnerConfigMap,
        namespace,
        labels: {
          "app.kubernetes.io/name": "clauderun",
          "app.kubernetes.io/component": "runner",
          "app.kubernetes.io/managed-by": managedBy,
        },
      },
      immutable: true,
      data: { [runnerFile]: this.#runner },
    };
  }

  /**
   * Creates a ConfigMap. An existing one must be identical, because users can create ConfigMaps, and the garbage
   * collector would delete one whose owner was deleted. Otherwise it is deleted, and created again at the next try.
   */
  async #create(body: V1ConfigMap, run: RunRef, ownerUid?: string): Promise<void> {
    const id = idOf(body);
    try {
      await this.#transport.request("POST", collection("configMap", id.namespace), { body, answer: "ignored" });
    } catch (error) {
      unlessExists(error);
      const found = await this.#get(id);
      if (found !== undefined && isSame(found, body, ownerUid)) return;
      if (found !== undefined) {
        this.#log.warn(id, "deleting a ConfigMap with other content, owner or labels");
        const { uid, resourceVersion } = found.metadata ?? {};
        const preconditions = { uid, resourceVersion };
        await this.#transport.request("DELETE", object("configMap", id), { body: { preconditions } });
        this.#onReplaced(run, id.name);
      }
      throw new ConflictError(
        `ConfigMap ${id.namespace}/${id.name} was not created by the operator and was deleted: reconcile again`,
        { cause: error },
      );
    }
  }
}

/** Name of the ConfigMap of a runner's source. */
export function runnerConfigMapOf(runner: string): string {
  return `claude-run-runner-${digestOf(runner).slice(0, 12)}`;
}

/** Compares content, immutability, labels and owner. The owner decides how long the ConfigMap exists. */
function isSame(found: Stored, wanted: V1ConfigMap, ownerUid: string | undefined): boolean {
  const owners = found.metadata?.ownerReferences ?? [];
  const labels = found.metadata?.labels ?? {};
  return (
    found.immutable === true &&
    found.binaryData === undefined &&
    isDeepStrictEqual(found.data ?? {}, wanted.data ?? {}) &&
    Object.entries(wanted.metadata?.labels ?? {}).every(([key, value]) => labels[key] === value) &&
    (ownerUid === undefined ? owners.length === 0 : owners.some(({ uid }) => uid === ownerUid))
  );
}

function attemptKey({ ownerUid, attempt }: Pick<RunConfigMapOptions, "ownerUid" | "attempt">): string {
  return `${ownerUid}/${attempt}`;
}

function idOf({ metadata }: V1ConfigMap): { namespace: string; name: string } {
  return { namespace: metadata?.namespace ?? "", name: metadata?.name ?? "" };
}

function unlessExists(error: unknown): void {
  if (!(error instanceof RejectedError) || error.reason !== "AlreadyExists") throw error;
}
