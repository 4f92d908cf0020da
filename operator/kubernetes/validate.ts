/** Validates ClaudeRuns with the schema, and adds the configured defaults. */
import { type ClaudeRun } from "../../crds/claude-run.ts";
import { parseClaudeRun } from "../../crds/parse.ts";
import type { SpecDefaults } from "../domain.ts";
import { InvalidSpecError } from "../errors.ts";

export class SpecValidator {
  readonly #defaults: SpecDefaults | undefined;
  /** A run is validated for its Job and soon afterwards for its ConfigMap. The objects never change. */
  readonly #validated = new WeakMap<object, ClaudeRun>();

  constructor(defaults: SpecDefaults | undefined) {
    this.#defaults = defaults;
  }

  /** Returns the run with defaults. Throws InvalidSpecError, which names every problem. */
  validate(run: object): ClaudeRun {
    const known = this.#validated.get(run);
    if (known !== undefined) return known;
    const parsed = parseClaudeRun(run);
    if (!parsed.ok) throw new InvalidSpecError(parsed.problems.join("; "));
    const full = { ...parsed.value, spec: { ...this.#defaults, ...parsed.value.spec } };
    this.#validated.set(run, full);
    return full;
  }
}
