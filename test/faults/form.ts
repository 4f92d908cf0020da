/** The short form runs in `make test`, every fault once; FAULTS=long asks for more seeds and longer rounds. */

export const isLong = process.env["FAULTS"] === "long";

/** One line of figures beside the tests' own output. */
export function report(what: string, figures: object): void {
  const words = Object.entries(figures).map(([name, value]) => `${name} ${String(value)}`);
  console.log(`${what}: ${words.join(", ")}`);
}
