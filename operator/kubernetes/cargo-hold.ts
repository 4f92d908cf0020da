/** Puts ConfigMaps where pods need them: the runner's file once per namespace and version, each run's own cargo once. */
import { createHash } from "node:crypto";
import type { V1ConfigMap } from "@kubernetes/client-node";
import { managedBy } from "../names.ts";
import { runnerFile } from "../plan/paths.ts";
import { ConflictError, RefusedError } from "../errors.ts";
import { collection, object } from "./paths.ts";
import type { Transport } from "./transport.ts";

interface Stored {
  readonly metadata?: { readonly uid?: string; readonly ownerReferences?: readonly { readonly uid: string }[] };
}

export class CargoHold {
  readonly #transport: Transport;
  readonly #runner: string;
  /** Name of the ConfigMap that holds the runner: by its content, so that two versions live side by side. */
  readonly runnerConfigMap: string;
  /** Namespaces that have the runner, and cargo that is on its way or there, by the Job (or run) that owns it and the attempt. */
  readonly #namespaces = new Map<string, Promise<void>>();
  readonly #loaded = new Map<string, Promise<void>>();

  constructor(transport: Transport, runner: string) {
    this.#transport = transport;
    this.#runner = runner;
    this.runnerConfigMap = `claude-run-runner-${createHash("sha256").update(runner).digest("hex").slice(0, 12)}`;
  }

  /** Makes sure that the namespace has the runner's file. */
  bringRunner(namespace: string): Promise<void> {
    return once(this.#namespaces, namespace, () => this.#createRunner(namespace));
  }

  /** Somebody may have deleted the runner's ConfigMap: look again next time. */
  forgetRunner(namespace: string): void {
    this.#namespaces.delete(namespace);
  }

  /** Starts to make a run's ConfigMap; `arrived` waits for it. */
  load(owner: { uid: string; attempt: number }, plan: () => Promise<V1ConfigMap>): Promise<void> {
    if (this.#loaded.size > 10_000) this.#loaded.clear();
    return once(this.#loaded, `${owner.uid}/${owner.attempt}`, async () => this.#create(await plan(), owner.uid));
  }

  async #createRunner(namespace: string): Promise<void> {
    const body: V1ConfigMap = {
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
    await this.#transport
      .request("POST", collection("configMap", namespace), { body, answer: "ignored" })
      .catch(unlessExists);
  }

  /** One of the same name may be left from a Job that was deleted: it would be collected from under the pod. */
  async #create(body: V1ConfigMap, ownerUid: string): Promise<void> {
    const id = { namespace: body.metadata?.namespace ?? "", name: body.metadata?.name ?? "" };
    try {
      await this.#transport.request("POST", collection("configMap", id.namespace), { body, answer: "ignored" });
    } catch (error) {
      unlessExists(error);
      const found = (await this.#transport.request("GET", object("configMap", id))) as Stored | undefined;
      if (found?.metadata?.ownerReferences?.some(({ uid }) => uid === ownerUid) === true) return;
      const preconditions = { uid: found?.metadata?.uid };
      await this.#transport.request("DELETE", object("configMap", id), { body: { preconditions } });
      throw new ConflictError(
        `ConfigMap ${id.namespace}/${id.name} of an earlier Job was in the way and is deleted: look again`,
        { cause: error },
      );
    }
  }
}

/** One promise per key; a failed one is forgotten, so that the next caller tries again. */
function once(promises: Map<string, Promise<void>>, key: string, start: () => Promise<void>): Promise<void> {
  const known = promises.get(key);
  if (known !== undefined) return known;
  const started = start();
  promises.set(key, started);
  started.catch(() => promises.delete(key));
  return started;
}

function unlessExists(error: unknown): void {
  if (!(error instanceof RefusedError) || error.reason !== "AlreadyExists") throw error;
}
