/** The project's pages in Markdown: what is fenced in them, how each command of theirs is run, where their links lead. */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { checkout } from "./shell.ts";

/** Paths from the checkout's root. */
export const pages: readonly string[] = [
  "README.md",
  "CONTRIBUTING.md",
  ...readdirSync(join(checkout, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
];

export interface Block {
  readonly page: string;
  readonly line: number;
  readonly language: string;
  readonly text: string;
  /** Why it is not run: `<!-- not run: … -->` on the line before the fence. */
  readonly notRun?: string;
  /** The file that runs it: `<!-- run by FILE -->`. */
  readonly runBy?: string;
  /** Of a block in sh: what the block in text right below it says that it prints. */
  readonly prints?: string;
}

export function read(page: string): string {
  return readFileSync(join(checkout, page), "utf8");
}

/** A page without what is fenced in it. */
export function proseOf(page: string): string {
  return read(page).replaceAll(/^```[^]*?^```$/gm, "");
}

/** A command of kubectl or helm that stands in a sentence, and is more than a verb. */
export interface Inline {
  readonly page: string;
  readonly text: string;
}

/** Commands in the sentences and tables of a page; decisions.md tells what was chosen, and proposes nothing. */
export function inlineCommandsOf(page: string): Inline[] {
  if (page === "docs/decisions.md") return [];
  const spans = [...proseOf(page).matchAll(/`((?:kubectl|helm) [^`\n]+)`/g)].map(([, text = ""]) => text);
  return [...new Set(spans)].filter((text) => !mentioned.has(text)).map((text) => ({ page, text }));
}

/** A verb without what it acts on: named, not proposed. */
const mentioned: ReadonlySet<string> = new Set([
  "kubectl claude",
  "kubectl delete job",
  "kubectl delete pod",
  "kubectl delete pod --force",
  "kubectl drain",
  "kubectl logs",
  "kubectl rollout restart",
  "kubectl claude logs --raw",
  "helm rollback",
  "helm template",
  "helm uninstall",
  "helm upgrade",
]);

export function blocksOf(page: string): Block[] {
  const lines = read(page).split("\n");
  const blocks: Block[] = [];
  for (let at = 0; at < lines.length; at += 1) {
    const language = /^```(.*)$/.exec(lines[at] ?? "")?.[1];
    if (language === undefined) continue;
    const end = lines.indexOf("```", at + 1);
    const text = lines.slice(at + 1, end).join("\n");
    const between = lines.slice((blocks.at(-1)?.line ?? 0) + 1, at).join("\n");
    const last = blocks.at(-1);
    if (language === "text" && last?.language === "sh" && follows(lines, last, at)) {
      blocks[blocks.length - 1] = { ...last, prints: text };
    } else {
      const mark = /<!-- (not run: |run by )([^]*?) -->\s*$/.exec(between);
      blocks.push({
        ...{ page, line: at + 1, language, text },
        ...(mark?.[1] === "not run: " ? { notRun: mark[2] ?? "" } : {}),
        ...(mark?.[1] === "run by " ? { runBy: mark[2] ?? "" } : {}),
      });
    }
    at = end;
  }
  return blocks;
}

/** True if there is nothing but space between a block and the fence at `at`. */
function follows(lines: readonly string[], block: Block, at: number): boolean {
  const end = lines.indexOf("```", block.line);
  return lines.slice(end + 1, at).every((line) => line.trim() === "");
}

/** What GitHub makes of a heading. */
export function anchorsOf(page: string): Set<string> {
  const headings = [...proseOf(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) => heading);
  const slugs = headings.map((heading) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
  return new Set(slugs);
}
