/** `node crds/generate.ts` writes the generated files; with --check it only names the stale ones. */
import { mkdir, writeFile } from "node:fs/promises";
import { generatedFiles, staleFiles } from "./generated.ts";

const root = new URL("../", import.meta.url);

async function write(): Promise<void> {
  for (const { path, text } of await generatedFiles()) {
    const file = new URL(path, root);
    await mkdir(new URL("./", file), { recursive: true });
    await writeFile(file, text);
  }
}

async function check(): Promise<void> {
  const stale = await staleFiles(root);
  for (const path of stale) console.error(`${path} is stale: run \`npm run generate\` and commit the result`);
  if (stale.length > 0) process.exit(1);
}

await (process.argv.includes("--check") ? check() : write());
