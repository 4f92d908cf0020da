/** Names of Jobs and ConfigMaps, which are the same on every replica. */

/** Name of Job and run ConfigMap of an attempt: `<name, at most 40>-<8 of the uid>-<attempt>`. */
export function attemptName(run: { readonly name: string; readonly uid: string }, attempt: number): string {
  const stem = run.name.slice(0, 40).replace(/[^a-z0-9]+$/, "");
  return `${stem}-${run.uid.slice(0, 8)}-${attempt}`;
}
