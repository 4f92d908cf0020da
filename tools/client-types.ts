/** Writes the type declarations of the client's package, including those of crds and kube that it uses. */
import { execFileSync } from "node:child_process";
import { globSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const types = `${root}client/dist/types`;
rmSync(types, { recursive: true, force: true });
execFileSync(`${root}node_modules/.bin/tsc`, ["-p", "client/tsconfig.types.json"], { cwd: root, stdio: "inherit" });
// Sources import .ts files; a package has only .d.ts files.
for (const file of globSync(`${types}/**/*.d.ts`)) {
  const text = readFileSync(file, "utf8");
  writeFileSync(file, text.replaceAll(/((?:from|import\()\s*"\.{1,2}\/[^"]*)\.ts"/g, '$1.js"'));
}
