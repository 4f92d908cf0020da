/** Packs values that are secret, or too large for a ClaudeRun, into Secrets of the run. */

/** One Secret of a run to create. */
export interface SecretData {
  readonly name: string;
  readonly entries: readonly { readonly key: string; readonly content: Buffer }[];
}

/** The API server's limit for all values of a Secret. */
const maxSecretBytes = 1_048_576;
/** The schema's limit of items for one source of a projected volume. */
const itemsPerSource = 64;

/** Returns as few Secrets as possible for these entries, in order. */
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

/** Returns a volume with these files of all Secrets in one directory; undefined without files. */
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
