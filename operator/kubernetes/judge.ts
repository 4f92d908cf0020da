/** Whole ClaudeRuns, judged by the schema and filled up with the configured defaults. */
import { type ClaudeRun } from "../../crds/claude-run.ts";
import { parseClaudeRun } from "../../crds/parse.ts";
import type { SpecDefaults } from "../domain.ts";
import { InvalidSpecError } from "../errors.ts";

export class Judge {
  readonly #defaults: SpecDefaults | undefined;
  /** A run is judged for its Job and again for its ConfigMap a moment later; the objects are ours alone and never change. */
  readonly #judged = new WeakMap<object, ClaudeRun>();

  constructor(defaults: SpecDefaults | undefined) {
    this.#defaults = defaults;
  }

  /** Throws InvalidSpecError, which names every problem. */
  judge(run: object): ClaudeRun {
    const known = this.#judged.get(run);
    if (known !== undefined) return known;
    const judged = parseClaudeRun(run);
    if (!judged.ok) throw new InvalidSpecError(judged.problems.join("; "));
    const full = { ...judged.value, spec: { ...this.#defaults, ...judged.value.spec } };
    this.#judged.set(run, full);
    return full;
  }
}
