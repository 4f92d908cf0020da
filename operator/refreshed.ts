/** Caches a value that is expensive to compute. */

/**
 * Returns a function that calls `compute` at most once in `intervalMs`, and repeats its last result or error
 * otherwise.
 */
export function refreshedEvery<T>(
  intervalMs: number,
  compute: () => T,
  now: () => number = () => performance.now(),
): () => T {
  let last: { readonly atMs: number; readonly read: () => T } | undefined;
  return () => {
    if (last === undefined || now() - last.atMs >= intervalMs) last = { atMs: now(), read: attempt(compute) };
    return last.read();
  };
}

function attempt<T>(compute: () => T): () => T {
  try {
    const value = compute();
    return () => value;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}
