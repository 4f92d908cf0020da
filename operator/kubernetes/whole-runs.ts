/** Returns complete ClaudeRuns for Jobs and ConfigMaps, validated and with defaults. The caches keep no specs. */
import type { ClaudeRun } from "../../crds/claude-run.ts";
import type { SpecDefaults } from "../domain.ts";
import { ConflictError, InvalidSpecError } from "../errors.ts";
import type { Caches } from "./caches.ts";
import { SpecValidator } from "./validate.ts";
import { object } from "./paths.ts";
import type { Transport } from "./transport.ts";

/** Job, pod and ConfigMap contain the run's texts, and etcd accepts 1.5 MB for each object. */
const maxRunBytes = 2 ** 20;

interface Identity {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

export interface WholeRunsOptions {
  readonly transport: Pick<Transport, "request">;
  readonly caches: Pick<Caches, "pendingSpec">;
  readonly defaults: SpecDefaults | undefined;
}

export class WholeRuns {
  readonly #transport: WholeRunsOptions["transport"];
  readonly #caches: WholeRunsOptions["caches"];
  readonly #validator: SpecValidator;

  constructor({ transport, caches, defaults }: WholeRunsOptions) {
    this.#transport = transport;
    this.#caches = caches;
    this.#validator = new SpecValidator(defaults);
  }

  /** For an attempt's Job. Throws InvalidSpecError if the run is invalid, or has more than 1 MiB of JSON. */
  forJob(run: Identity, attempt: number): Promise<ClaudeRun> {
    return this.#asOf(run, attempt, maxRunBytes);
  }

  /** For an attempt's ConfigMap. */
  forConfigMap(run: Identity, attempt: number): Promise<ClaudeRun> {
    return this.#asOf(run, attempt, Infinity);
  }

  /** A later attempt needs the current status, so its run is read. */
  async #asOf(run: Identity, attempt: number, maxBytes: number): Promise<ClaudeRun> {
    const pending = attempt === 1 ? this.#caches.pendingSpec(run.uid) : undefined;
    return pending === undefined ? this.#read(run, maxBytes) : this.#validator.validate(pending);
  }

  async #read(run: Identity, maxBytes: number): Promise<ClaudeRun> {
    let bytes = 0;
    const onSize = (size: number): void => {
      bytes = size;
    };
    const found = (await this.#transport.request("GET", object("run", run), { onSize })) as ClaudeRun | undefined;
    if (found?.metadata.uid !== run.uid) throw new ConflictError(`run ${run.namespace}/${run.name} was deleted`);
    if (bytes > maxBytes) throw new InvalidSpecError(tooLarge(bytes));
    return this.#validator.validate(found);
  }
}

function tooLarge(bytes: number): string {
  return `The run has ${bytes} bytes of JSON, at most ${maxRunBytes} are allowed: move the prompt or long values of spec.pod.env into a Secret or ConfigMap`;
}
