/** Bundles what runs outside a checkout into dist/: the runner (one file, no dependencies) and the operator. */
import { existsSync, statSync, globSync } from "node:fs";
import { build, type BuildOptions } from "esbuild";

const common: BuildOptions = {
  bundle: true,
  platform: "node",
  format: "esm",
  logLevel: "warning",
  legalComments: "none",
};
const bundles: { sources: string[]; options: BuildOptions & { outfile: string } }[] = [
  {
    sources: ["runner/**/*.ts", "crds/reasons.ts"],
    // node20: any image with Node >= 20 can run it.
    options: { ...common, entryPoints: ["runner/main.ts"], outfile: "dist/runner.mjs", target: "node20" },
  },
  {
    sources: ["operator/**/*.ts", "crds/**/*.ts", "package-lock.json"],
    options: {
      ...common,
      entryPoints: ["operator/main.ts"],
      outfile: "dist/operator.mjs",
      target: "node24",
      minifySyntax: true,
      minifyWhitespace: true,
      sourcemap: "linked",
      // CommonJS packages inside an ESM bundle still call require for node's own modules.
      banner: { js: 'import { createRequire as __cr } from "node:module"; const require = __cr(import.meta.url);' },
    },
  },
];

function newest(patterns: string[]): number {
  return Math.max(...globSync([...patterns, "tools/build.ts"]).map((file) => statSync(file).mtimeMs));
}

for (const { sources, options } of bundles) {
  const entry = (options.entryPoints as string[])[0] ?? "";
  if (!existsSync(entry)) continue;
  if (existsSync(options.outfile) && statSync(options.outfile).mtimeMs >= newest(sources)) continue;
  await build(options);
}
