/** Values of a chart by their paths. */
import type { Values } from "./render.ts";

type Path = readonly string[];

function isMap(value: unknown): value is Values {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Every path in a values file: of each map, and of all that is in it. */
export function paths(values: Values, at: Path = []): string[][] {
  return Object.entries(values).flatMap(([name, value]) => {
    const path = [...at, name];
    return isMap(value) ? [path, ...paths(value, path)] : [path];
  });
}

export function valueAt(values: Values, path: Path): unknown {
  return path.reduce<unknown>((at, name) => (isMap(at) ? at[name] : undefined), values);
}

/** The values with one of them replaced. */
export function withValue(values: Values, [name = "", ...rest]: Path, value: unknown): Values {
  if (rest.length === 0) return { ...values, [name]: value };
  const inner = values[name];
  return { ...values, [name]: withValue(isMap(inner) ? inner : {}, rest, value) };
}

/** Values that have this one alone. */
export function nested(path: Path, value: unknown): Values {
  return withValue({}, path, value);
}
