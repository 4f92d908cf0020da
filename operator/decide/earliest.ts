/** The earliest of several times. */

/** Returns the earliest time, if there is one. Unlike Math.min it accepts any number of times. */
export function earliest(times: Iterable<number | undefined>): number | undefined {
  let first: number | undefined;
  for (const time of times) if (time !== undefined && (first === undefined || time < first)) first = time;
  return first;
}
