/**
 * Checks the prose of pages, comments and messages: by Vale's rules in styles/ClaudeRun, and the length of lines.
 *   node tools/prose/check.ts [--counts] [PATH...]
 * Without paths it checks the scopes that scopes.ts enforces. --counts adds the number of findings of each rule and
 * folder. The exit code is 1 if there are findings.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { longLines, longestLine, textsOf } from "./extract.ts";
import { runVale, type Finding } from "./run-vale.ts";
import { enforced, excluded, isIn, isUnder, type Scope } from "./scopes.ts";
import type { Text } from "./text.ts";

const checkout = join(import.meta.dirname, "../..");

/** The findings in these scopes, in the order of files and lines. */
function check(scopes: readonly Scope[]): Finding[] {
  const textsByFile = new Map<string, readonly Text[]>();
  const findings: Finding[] = [];
  for (const file of files()) {
    const kinds = new Set(scopes.filter((scope) => isIn(scope, file)).map(({ kind }) => kind));
    if (kinds.size === 0) continue;
    const source = readFileSync(join(checkout, file), "utf8");
    const texts = textsOf(file, source).filter(({ kind }) => kinds.has(kind));
    if (texts.length > 0) textsByFile.set(file, texts);
    for (const kind of ["pages", "comments"] as const) {
      if (texts.some((text) => text.kind === kind)) findings.push(...longLinesOf(file, source, kind));
    }
  }
  findings.push(...runVale(textsByFile));
  return findings.sort((a, b) => (a.file === b.file ? a.line - b.line : a.file < b.file ? -1 : 1));
}

function longLinesOf(file: string, source: string, kind: "pages" | "comments"): Finding[] {
  return longLines(source, kind).map(({ line, text }) => {
    const message = `At most ${longestLine[kind]} characters a line: this one has ${text.length}`;
    return { file, line, kind, rule: "LineLength", message };
  });
}

/** All that git knows or would add, from the top of the repository. */
function files(): string[] {
  const options = ["ls-files", "--cached", "--others", "--exclude-standard", "-z"];
  const list = execFileSync("git", options, { cwd: checkout, encoding: "utf8", maxBuffer: 64 << 20 }).split("\0");
  return list.filter((file) => {
    const path = join(checkout, file);
    return file !== "" && !isUnder(file, excluded) && existsSync(path) && statSync(path).isFile();
  });
}

function countsOf(findings: readonly Finding[]): string {
  const table = (title: string, keyOf: (finding: Finding) => string): string => {
    const groups = [...Map.groupBy(findings, keyOf)].sort(([, a], [, b]) => b.length - a.length);
    return [title, ...groups.map(([key, list]) => `  ${String(list.length).padStart(6)}  ${key}`)].join("\n");
  };
  return [
    table("By rule:", ({ rule }) => rule),
    table("By folder and kind:", ({ file, kind }) => `${file.includes("/") ? file.split("/")[0] : "."} ${kind}`),
  ].join("\n");
}

function scopesOf(paths: readonly string[]): readonly Scope[] {
  if (paths.length === 0) return enforced;
  const under = paths.map((path) => relative(checkout, path) || ".");
  return (["pages", "comments", "messages"] as const).map((kind) => ({ kind, under }));
}

const args = process.argv.slice(2);
const findings = check(scopesOf(args.filter((arg) => arg !== "--counts")));
for (const { file, line, message, rule } of findings) console.log(`${file}:${line}: ${message} (${rule})`);
if (args.includes("--counts")) console.log(countsOf(findings));
if (findings.length > 0) console.log(`${findings.length} findings; the rules are in tools/prose/styles/ClaudeRun`);
process.exitCode = findings.length === 0 ? 0 : 1;
