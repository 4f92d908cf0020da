/**
 * Deletes unused runner ConfigMaps of other versions. Their names come from Jobs, because the operator may not list
 * ConfigMaps. If another version still needs one, its operator creates it again.
 */
import { isTerminal, type Job, type Pod } from "../domain.ts";
import type { Log } from "../log.ts";
import { managedBy } from "../names.ts";
import type { Meta } from "./meta.ts";
import { object } from "./paths.ts";
import type { Transport } from "./transport.ts";

/** Another version's operator creates its Job up to ten seconds after it read the ConfigMap, and a watch may lag. */
const unusedMs = 120_000;
/** Maximum number of names: one for each namespace and version. */
const maxKnown = 10_000;

export interface UnusedRunnersOptions {
  readonly transport: Pick<Transport, "request" | "now">;
  readonly jobs: { all(): Iterable<Job> };
  readonly pods: { all(): Iterable<Pod> };
  /** Name of this version's runner ConfigMap: never deleted. */
  readonly current: string;
  readonly log: Pick<Log, "info" | "warn">;
}

interface Known {
  readonly namespace: string;
  readonly name: string;
  unusedSinceMs?: number;
}

export class UnusedRunners {
  readonly #options: UnusedRunnersOptions;
  readonly #known = new Map<string, Known>();

  constructor(options: UnusedRunnersOptions) {
    this.#options = options;
  }

  /** Stores the used names, and deletes ConfigMaps that were unused for two calls. Never rejects. */
  async collect(): Promise<void> {
    const nowMs = this.#options.transport.now();
    const used = this.#usedNow();
    const namespaces = this.#namespacesWithOrphans();
    for (const [key, known] of this.#known) {
      if (used.has(key) || namespaces.has(known.namespace)) delete known.unusedSinceMs;
      else if (known.unusedSinceMs === undefined) known.unusedSinceMs = nowMs;
      else if (nowMs - known.unusedSinceMs >= unusedMs) await this.#delete(key, known);
    }
  }

  #usedNow(): ReadonlySet<string> {
    const used = new Set<string>();
    for (const { namespace, runnerConfigMap: name } of this.#options.jobs.all()) {
      if (name === undefined || name === this.#options.current) continue;
      const key = `${namespace}/${name}`;
      used.add(key);
      if (!this.#known.has(key) && this.#known.size < maxKnown) this.#known.set(key, { namespace, name });
    }
    return used;
  }

  /** Namespaces with pods whose Job was deleted: such a pod may mount any of them. */
  #namespacesWithOrphans(): ReadonlySet<string> {
    const jobs = new Set([...this.#options.jobs.all()].map(({ uid }) => uid));
    const orphans = [...this.#options.pods.all()].filter((pod) => !isTerminal(pod) && !jobs.has(pod.jobUid ?? ""));
    return new Set(orphans.map(({ namespace }) => namespace));
  }

  async #delete(key: string, { namespace, name }: Known): Promise<void> {
    const { transport, log } = this.#options;
    const path = object("configMap", { namespace, name });
    try {
      const { metadata } = ((await transport.request("GET", path)) ?? {}) as { readonly metadata?: Meta };
      if (metadata !== undefined && isRunner(metadata)) {
        const { uid, resourceVersion } = metadata;
        await transport.request("DELETE", path, { body: { preconditions: { uid, resourceVersion } } });
        log.info({ namespace, configMap: name }, "deleted unused runner ConfigMap of another version");
      }
      this.#known.delete(key);
    } catch (error) {
      log.warn({ namespace, configMap: name, err: error }, "failed to delete unused runner ConfigMap");
    }
  }
}

function isRunner({ labels = {} }: Meta): boolean {
  return labels["app.kubernetes.io/managed-by"] === managedBy && labels["app.kubernetes.io/component"] === "runner";
}
