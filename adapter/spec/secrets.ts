/** What must not stand in a ClaudeRun, or does not fit into it, in Secrets of the run's own. */

/** One Secret of a run, before it is made. */
export interface SecretData {
  readonly name: string;
  readonly entries: readonly { readonly key: string; readonly content: Buffer }[];
}

/** The API server's limit for all values of a Secret. */
const maxSecretBytes = 1_048_576;
/** The schema's limit of items for one source of a projected volume. */
const itemsPerSource = 64;

/** Entries in as few Secrets as hold them, in order. */
export function packSecrets(name: string, entries: SecretData["entries"]): SecretData[] {
  const packed: { key: string; content: Buffer }[][] = [];
  let bytes = Infinity;
  for (const entry of entries) {
    if (bytes + entry.content.length > maxSecretBytes) {
      packed.push([]);
      bytes = 0;
    }
    packed.at(-1)?.push(entry);
    bytes += entry.content.length;
  }
  return packed.map((some, n) => ({ name: n === 0 ? name : `${name}-${n}`, entries: some }));
}

/** One directory of files from however many Secrets; undefined without files. */
export function secretVolume(
  secrets: readonly SecretData[],
  files: readonly { readonly key: string; readonly path: string }[],
): { readonly name: string; readonly projected: object } | undefined {
  if (files.length === 0) return undefined;
  const sources = secrets.flatMap(({ name, entries }) => {
    const items = files.filter(({ key }) => entries.some((entry) => entry.key === key));
    const chunks = Array.from({ length: Math.ceil(items.length / itemsPerSource) }, (_, n) =>
      items.slice(n * itemsPerSource, (n + 1) * itemsPerSource),
    );
    return chunks.map((some) => ({ secret: { name, items: some } }));
  });
  return { name: "paperclip-bundle", projected: { sources } };
}
