/** Bundles what runs outside a checkout: the runner (one file, no dependencies), the operator, the adapter's package, kubectl claude. */
import { chmodSync, copyFileSync, existsSync, globSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build as bundle, type BuildOptions, type Plugin } from "esbuild";

/**
 * The operator needs client-node's KubeConfig and nothing of its generated API, which is 6 MB and 40 MiB of memory.
 * Its modules only define things, though its package.json does not say so: said here, esbuild drops what is not used.
 * The base class takes the whole package by require, and gaxios: it gets the few names that its constructor needs.
 */
const leanClient: Plugin = {
  name: "lean-client",
  setup(build) {
    const forBaseClass = fileURLToPath(new URL("../operator/kubernetes/client-for-base-class.ts", import.meta.url));
    build.onResolve(
      { filter: /^(@kubernetes\/client-node|gaxios)$|^\.\.?\// },
      async ({ path, importer, kind, resolveDir, pluginData }) => {
        if (pluginData === leanClient) return undefined;
        if (importer.includes("/@dot-i/")) return { path: forBaseClass };
        if (path !== "@kubernetes/client-node" && !importer.includes("/@kubernetes/client-node/")) return undefined;
        const found = await build.resolve(path, { importer, kind, resolveDir, pluginData: leanClient });
        return { ...found, sideEffects: false };
      },
    );
  },
};

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
      plugins: [leanClient],
      sourcemap: "linked",
      // CommonJS packages inside an ESM bundle still call require for node's own modules.
      banner: { js: 'import { createRequire as __cr } from "node:module"; const require = __cr(import.meta.url);' },
    },
  },
  {
    // The host reloads the entry alone: it has to be one file. What package.json names stays outside.
    sources: ["adapter/**/*.ts", "crds/**/*.ts"],
    options: {
      ...common,
      entryPoints: ["adapter/index.ts"],
      outfile: "adapter/dist/index.js",
      target: "node24",
      packages: "external",
    },
  },
  {
    sources: ["adapter/ui/*.ts"],
    options: {
      ...common,
      entryPoints: ["adapter/ui/parse-stdout.ts"],
      outfile: "adapter/dist/ui-parser.cjs",
      platform: "neutral",
      format: "cjs",
      target: "es2020",
      // The page reads the exports object that it has made.
      footer: { js: "exports.parseStdoutLine = parseStdoutLine;" },
    },
  },
  {
    sources: ["adapter/ui/*.ts"],
    options: {
      ...common,
      entryPoints: ["adapter/ui/format-event.ts"],
      outfile: "adapter/dist/cli.js",
      target: "node24",
    },
  },
  {
    // One file that needs nothing but Node: a plugin is installed on many machines.
    sources: ["cli/**/*.ts", "adapter/**/*.ts", "runner/**/*.ts", "crds/**/*.ts", "package-lock.json"],
    options: {
      ...common,
      entryPoints: ["cli/main.ts"],
      outfile: "cli/dist/kubectl-claude.js",
      target: "node24",
      minifySyntax: true,
      minifyWhitespace: true,
      plugins: [leanClient],
      banner: { js: 'import { createRequire as __cr } from "node:module"; const require = __cr(import.meta.url);' },
    },
  },
];

const binaries = ["cli/dist/kubectl-claude.js", "cli/dist/kubectl_complete-claude"];

/** Of the sources: what a package's dist/ holds is made anew each time, its types too. */
function newest(patterns: string[]): number {
  const files = globSync([...patterns, "tools/build.ts"], { exclude: ["**/dist/**", "**/node_modules/**"] });
  return Math.max(...files.map((file) => statSync(file).mtimeMs));
}

for (const { sources, options } of bundles) {
  const entry = (options.entryPoints as string[])[0] ?? "";
  if (!existsSync(entry)) continue;
  if (existsSync(options.outfile) && statSync(options.outfile).mtimeMs >= newest(sources)) continue;
  await bundle(options);
}

// The package's types are written by hand: three functions.
for (const file of globSync("adapter/types/*"))
  copyFileSync(file, `adapter/dist/${file.slice("adapter/types/".length)}`);

copyFileSync("cli/kubectl_complete-claude", "cli/dist/kubectl_complete-claude");
// npm makes what it installs executable; in a checkout it is run as it lies there.
for (const file of binaries) chmodSync(file, 0o755);
