/** Random specs for tests: valid specs with changes close to every bound and rule. */
import * as fc from "fast-check";
import { specOf } from "./example.ts";
import { goodExamples } from "./examples-good.ts";
import { reservedOptions } from "../extra-args.ts";

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type Path = readonly (string | number)[];

const specs = goodExamples.map((example) => specOf(example) as Json);

/** Values at the edges of rules, types and bounds. */
const edgeValues: readonly Json[] = [
  ...Array<Json>(20).fill(null),
  ...[null, true, false, 0, 1, -1, 1.5, 11, 101, 511, 512, 3600, 3601, 65_536, 2_147_483_648, 1_000_000_000_000],
  ...["", " ", "a", "A", "-", "-a", "a-", "a.b", "a..b", ".", "..", "...", "a_b", "é", "😀", "a\n", "\u0000", "{{x}}"],
  ...["/", "/a", "/a/", "//a", "/a:b", "/a/../b", "/run/claude-run", "/run/claude-run/x", "/run/claude-runner", "a/b"],
  ...["0", "0.0", "1", "2.5", "1.", ".5", "1e3", "-1", "+1", "100m", "1Gi", "1GB", "4294967296", "99999999999"],
  ...["True", "Queue", "Fail", "plan", "high", "Always", "Exists", "Equal", "In", "NoExecute", "Memory", "Localhost"],
  ...[
    "metadata.name",
    "metadata.labels['a']",
    "metadata.labels[a]",
    "status.podIPs",
    "10.0.0.1",
    "::1",
    "claude-run-x",
  ],
  ...["RUNNER_CONFIG", "paperclip.io/agent", "app.kubernetes.io/name", "job-name", "-p", "--", "--bare", "--modelx"],
  ...[...reservedOptions, ...reservedOptions.map((option) => `${option}=x`)],
  ...[16, 17, 32, 33, 45, 46, 63, 64, 128, 129, 253, 254, 256, 257, 317, 318, 400, 512, 513, 1024, 1025].flatMap(
    (n) => ["a".repeat(n), "😀".repeat(n)],
  ),
  ...[
    [],
    {},
    [""],
    ["a"],
    ["a", "a"],
    [null],
    { a: "b" },
    { "": "" },
    { "app.kubernetes.io/x": "y" },
    { name: "a", key: "b" },
  ],
];

function pathsOf(node: Json, path: Path = []): Path[] {
  if (node === null || typeof node !== "object") return [path];
  return [
    path,
    ...Object.entries(node).flatMap(([key, child]) =>
      pathsOf(child, [...path, Array.isArray(node) ? Number(key) : key]),
    ),
  ];
}

function at(node: Json, path: Path): Json | undefined {
  return path.reduce<Json | undefined>(
    (inner, key) => (inner !== null && typeof inner === "object" ? (inner as Record<string, Json>)[key] : undefined),
    node,
  );
}

/** Returns a deep copy with the value at the path replaced; undefined removes it. */
function replaced(node: Json, path: Path, value: Json | undefined): Json {
  const copy = structuredClone(node);
  const last = path.at(-1);
  const parent = at(copy, path.slice(0, -1));
  if (last === undefined || parent === null || typeof parent !== "object") return copy;
  if (value !== undefined) (parent as Record<string, Json>)[last] = structuredClone(value);
  else if (Array.isArray(parent)) parent.splice(Number(last), 1);
  else Reflect.deleteProperty(parent, last);
  return copy;
}

/** All field names of the examples, and two unknown ones. */
const fieldNames = [
  ...new Set(specs.flatMap((spec) => pathsOf(spec).flatMap((path) => path.filter((key) => typeof key === "string")))),
  ...["hostPath", "unknown"],
];
const existingValues: readonly Json[] = specs.flatMap((spec) => pathsOf(spec).flatMap((path) => at(spec, path) ?? []));

const value: fc.Arbitrary<Json> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...edgeValues) },
  { weight: 3, arbitrary: fc.constantFrom(...existingValues) },
  { weight: 1, arbitrary: fc.string({ unit: "grapheme" }) },
  { weight: 1, arbitrary: fc.integer({ min: -10, max: 100_000 }) },
);
const position = fc.nat();

type Mutation = (spec: Json) => Json;

const pick = (spec: Json, index: number): Path => {
  const paths = pathsOf(spec).slice(1);
  return paths[index % Math.max(paths.length, 1)] ?? [];
};
const replaceValue: fc.Arbitrary<Mutation> = fc.tuple(position, value).map(
  ([index, given]) =>
    (spec) =>
      replaced(spec, pick(spec, index), given),
);
const removeValue: fc.Arbitrary<Mutation> = position.map(
  (index) => (spec) => replaced(spec, pick(spec, index), undefined),
);
const addField: fc.Arbitrary<Mutation> = fc
  .tuple(position, fc.constantFrom(...fieldNames), value)
  .map(([index, name, given]) => (spec) => {
    const objects = pathsOf(spec).filter((path) => {
      const node = at(spec, path);
      return node !== null && typeof node === "object" && !Array.isArray(node);
    });
    return replaced(spec, [...(objects[index % objects.length] ?? []), name], given);
  });
const repeatItem: fc.Arbitrary<Mutation> = fc
  .tuple(position, fc.constantFrom(1, 3, 17, 33, 65, 129))
  .map(([index, times]) => (spec) => {
    const lists = pathsOf(spec).filter((path) => Array.isArray(at(spec, path)));
    const path = lists[index % Math.max(lists.length, 1)];
    const items = path === undefined ? undefined : at(spec, path);
    if (path === undefined || !Array.isArray(items) || items[0] === undefined) return spec;
    return replaced(spec, path, [...items, ...Array<Json>(times).fill(items[0])]);
  });

/** A valid example with up to three changes; a change may copy a value of another example. */
export const anySpec: fc.Arbitrary<Json> = fc
  .tuple(
    fc.constantFrom(...specs),
    fc.array(fc.oneof(replaceValue, replaceValue, removeValue, addField, repeatItem), { minLength: 0, maxLength: 3 }),
  )
  .map(([spec, mutations]) => mutations.reduce((changed, mutation) => mutation(changed), spec));
