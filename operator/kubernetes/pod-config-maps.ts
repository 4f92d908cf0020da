/** Ensures the two ConfigMaps that a run's pod mounts: the run ConfigMap and the runner ConfigMap. */
import type { ConfigMapRole } from "../decide/missing-config-map.ts";
import type { Pod } from "../domain.ts";
import { OutdatedPodError } from "../errors.ts";
import { planRunConfigMap } from "../plan/run-config-map.ts";
import type { PodDefaults } from "../plan/job.ts";
import type { RunConfigMaps, RunConfigMapOptions } from "./run-config-maps.ts";
import type { WholeRuns } from "./whole-runs.ts";

export interface PodConfigMapsOptions {
  readonly runConfigMaps: RunConfigMaps;
  readonly runs: WholeRuns;
  readonly defaults: PodDefaults;
}

export class PodConfigMaps {
  readonly #runConfigMaps: RunConfigMaps;
  readonly #runs: WholeRuns;
  readonly #defaults: PodDefaults;

  constructor({ runConfigMaps, runs, defaults }: PodConfigMapsOptions) {
    this.#runConfigMaps = runConfigMaps;
    this.#runs = runs;
    this.#defaults = defaults;
  }

  /** Starts to create the run ConfigMap, unless it exists or is being created. */
  begin(pod: Pod): ReturnType<RunConfigMaps["ensureRunConfigMap"]> {
    return this.#runConfigMaps.ensureRunConfigMap(this.#options(pod));
  }

  /** Resolves once both exist. */
  async both(pod: Pod): Promise<void> {
    await Promise.all([this.begin(pod).done, this.#runConfigMaps.ensureRunnerConfigMap(pod)]);
  }

  /** Creates a missing ConfigMap. Returns false if it is missing and this version of the operator cannot create it. */
  ensure(pod: Pod, role: ConfigMapRole): Promise<boolean> {
    return role === "runner" ? this.#ensureRunner(pod) : this.#ensureRun(pod);
  }

  async #ensureRunner(pod: Pod): Promise<boolean> {
    const { namespace, runnerConfigMap: name = this.#runConfigMaps.runnerConfigMap } = pod;
    if (name !== this.#runConfigMaps.runnerConfigMap) return this.#runConfigMaps.exists({ namespace, name });
    this.#runConfigMaps.forgetRunner(namespace);
    await this.#runConfigMaps.ensureRunnerConfigMap(pod);
    return true;
  }

  async #ensureRun(pod: Pod): Promise<boolean> {
    const options = this.#options(pod);
    this.#runConfigMaps.forget(options);
    try {
      await this.#runConfigMaps.ensureRunConfigMap(options).done;
      return true;
    } catch (error) {
      if (error instanceof OutdatedPodError) return false;
      throw error;
    }
  }

  #options({ namespace, runName, runUid, attempt, jobUid, runDigests }: Pod): RunConfigMapOptions {
    const owner = jobUid === undefined ? {} : { jobUid };
    const plan = async (): Promise<ReturnType<typeof planRunConfigMap>> => {
      const run = await this.#runs.forConfigMap({ namespace, name: runName, uid: runUid }, attempt);
      return planRunConfigMap(run, { attempt, ...owner, defaults: this.#defaults });
    };
    const digests = runDigests === undefined ? {} : { runDigests };
    return { namespace, runName, runUid, attempt, ownerUid: jobUid ?? runUid, ...digests, plan };
  }
}
