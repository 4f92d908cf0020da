/** The published npm package needs no other file. Needs dist: tools/setup builds it. */
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const folder = fileURLToPath(new URL(".", import.meta.url));
const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as {
  readonly version: string;
  readonly bin: Readonly<Record<string, string>>;
};

it("the package holds its two programs and no more", () => {
  const packed = execFileSync("npm", ["pack", "--dry-run", "--json"], { cwd: folder, encoding: "utf8", stdio: "pipe" });
  const [{ files } = { files: [] }] = JSON.parse(packed) as { readonly files: readonly { readonly path: string }[] }[];
  // The second package.json says that the bundle is no ES module.
  const others = ["dist/package.json", "package.json"];
  expect(files.map(({ path }) => path).toSorted()).toEqual([...Object.values(manifest.bin), ...others].toSorted());
});

it("both can be executed", () => {
  for (const file of Object.values(manifest.bin)) {
    expect(statSync(join(folder, file)).mode & 0o111).not.toBe(0);
    expect(readFileSync(join(folder, file), "utf8")).toMatch(/^#!/);
  }
});

it("it runs where nothing else is installed, and says the package's version", () => {
  const alone = mkdtempSync(join(tmpdir(), "alone-"));
  for (const part of ["package.json", "dist"]) cpSync(join(folder, part), join(alone, part), { recursive: true });
  const said = execFileSync(process.execPath, [join(alone, "dist/kubectl-claude.js"), "--version"], {
    encoding: "utf8",
  });
  expect(said).toBe(`${manifest.version}\n`);
});
