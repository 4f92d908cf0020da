/** Bundles the programs that run outside of a checkout: runner, operator, adapter's package and kubectl claude. */
import {
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { build as bundle, type BuildOptions } from "esbuild";
import { nodeGuard } from "./node-guard.ts";

/** The base class requires client-node and gaxios, 6 MB and 40 MiB of memory, for names in its constructor. */
const forBaseClass = fileURLToPath(new URL("../operator/kubernetes/client-for-base-class.ts", import.meta.url));

const common: BuildOptions = {
  bundle: true,
  platform: "node",
  format: "esm",
  logLevel: "warning",
  legalComments: "none",
};
/** Node parses a whole bundle first, so newer syntax would hide the message that asks for a newer Node. */
const oldestSyntax = "node14.18";
const bundles: { sources: string[]; options: BuildOptions & { outfile: string } }[] = [
  {
    sources: ["runner/**/*.ts", "crds/{reasons,json}.ts"],
    // Any image with Node >= 20 can run it.
    options: {
      ...common,
      entryPoints: ["runner/main.ts"],
      outfile: "dist/runner.mjs",
      target: oldestSyntax,
      banner: { js: nodeGuard("the runner", 20) },
    },
  },
  {
    sources: ["operator/**/*.ts", "kube/**/*.ts", "crds/**/*.ts", "package-lock.json"],
    options: {
      ...common,
      entryPoints: ["operator/main.ts"],
      outfile: "dist/operator.mjs",
      // Older syntax costs time, and the operator's image has a new Node.
      target: "node18",
      minifySyntax: true,
      minifyWhitespace: true,
      alias: { "@kubernetes/client-node": forBaseClass, gaxios: forBaseClass },
      sourcemap: "linked",
      // CommonJS packages in an ESM bundle call require for node's modules.
      banner: {
        js: `${nodeGuard("the operator", 24)}\nimport { createRequire as __cr } from "node:module"; const require = __cr(import.meta.url);`,
      },
    },
  },
  {
    sources: ["{client,kube,crds}/**/*.ts"],
    options: {
      ...common,
      entryPoints: ["client/index.ts"],
      outfile: "client/dist/index.js",
      target: "node24",
      packages: "external",
    },
  },
  {
    // One file, because the host reloads only the entry. Packages named in package.json stay external.
    sources: ["{adapter,client,kube,crds}/**/*.ts"],
    options: {
      ...common,
      entryPoints: ["adapter/index.ts"],
      outfile: "adapter/dist/index.js",
      target: "node24",
      packages: "external",
    },
  },
  {
    sources: ["adapter/ui/*.ts", "adapter/log-prefix.ts", "client/transcript-entries.ts", "crds/json.ts"],
    options: {
      ...common,
      entryPoints: ["adapter/ui/parse-stdout.ts"],
      outfile: "adapter/dist/ui-parser.cjs",
      platform: "neutral",
      format: "cjs",
      target: "es2020",
      // The page reads its own exports object.
      footer: { js: "exports.parseStdoutLine = parseStdoutLine;" },
    },
  },
  {
    sources: ["adapter/ui/*.ts", "adapter/log-prefix.ts", "client/transcript-entries.ts", "crds/json.ts"],
    options: {
      ...common,
      entryPoints: ["adapter/ui/format-event.ts"],
      outfile: "adapter/dist/cli.js",
      target: "node24",
    },
  },
  {
    // One file that needs only Node, because a plugin is installed on many machines.
    sources: ["{cli,client,kube,runner,crds}/**/*.ts", "package-lock.json"],
    options: {
      ...common,
      entryPoints: ["cli/main.ts"],
      outfile: "cli/dist/kubectl-claude.js",
      // CommonJS, because an ES module is linked first, and an older Node would report a missing import.
      format: "cjs",
      target: oldestSyntax,
      minifySyntax: true,
      minifyWhitespace: true,
      banner: { js: nodeGuard("kubectl claude", 24) },
    },
  },
];

/**
 * Writes a file atomically, because other processes may read or run it. An unchanged file keeps its inode; its new time
 * marks it as up to date.
 */
function place(file: string, content: Uint8Array, mode = 0o644): void {
  if (existsSync(file) && readFileSync(file).equals(content) && (statSync(file).mode & 0o777) === mode) {
    const now = new Date();
    utimesSync(file, now, now);
    return;
  }
  mkdirSync(dirname(file), { recursive: true });
  const draft = `${file}.${process.pid}.draft`;
  writeFileSync(draft, content, { mode });
  renameSync(draft, file);
}

/** Returns the newest time of the sources. A package's dist/ is rebuilt each time with its types. */
function newest(patterns: string[]): number {
  const files = globSync([...patterns, "tools/{build,node-guard}.ts"], {
    exclude: ["**/dist/**", "**/node_modules/**"],
  });
  return Math.max(...files.map((file) => statSync(file).mtimeMs));
}

for (const { sources, options } of bundles) {
  const entry = (options.entryPoints as string[])[0] ?? "";
  if (!existsSync(entry)) continue;
  if (existsSync(options.outfile) && statSync(options.outfile).mtimeMs >= newest(sources)) continue;
  const { outputFiles } = await bundle({ ...options, write: false });
  for (const { path, contents } of outputFiles) place(path, contents, modeOf(options.outfile));
}

// The adapter's types are written by hand: three functions.
for (const file of globSync("adapter/types/*"))
  place(`adapter/dist/${file.slice("adapter/types/".length)}`, readFileSync(file));

// Declares this file as CommonJS in a package of ES modules.
place("cli/dist/package.json", Buffer.from('{ "type": "commonjs" }\n'));
const completion = "cli/dist/kubectl_complete-claude";
place(completion, readFileSync("cli/kubectl_complete-claude"), modeOf(completion));

/** npm makes installed commands executable; a checkout needs the mode set here. */
function modeOf(file: string): number {
  return file.startsWith("cli/dist/kubectl") ? 0o755 : 0o644;
}
