/** Finds the texts in a file that people read. */
import { basename } from "node:path";
import { paragraphsOf, type Text, type TextLine } from "./text.ts";
import { textsOfTypeScript } from "./typescript.ts";

/** None for files of other kinds. */
export function textsOf(file: string, source: string): Text[] {
  if (/\.(?:ts|mjs|js)$/.test(file)) return textsOfTypeScript(file, source);
  const lines = source.split("\n").map((text, index) => ({ text, line: index + 1 }));
  if (file.endsWith(".md")) return [{ kind: "pages", lines: lines.map(withoutSwitches) }];
  if (basename(file) === "NOTES.txt") return messagesOfTemplate(lines);
  if (/\.ya?ml$/.test(file)) return [...commentsOf(lines), ...commentsOfTemplate(source)];
  if (file.endsWith(".tpl")) return commentsOfTemplate(source);
  const isShell = /^(?:Makefile|Dockerfile.*|.*\.sh)$/.test(basename(file)) || /^#!.*sh\b/.test(source);
  return isShell ? commentsOf(lines) : [];
}

/** No comment makes an exception: Vale's own are hidden from it. */
function withoutSwitches({ text, line }: TextLine): TextLine {
  return { text: text.replaceAll(/<!--\s*vale\b/g, "<!-- "), line };
}

/** Comments from `#` to the end of the line. Comments of one column on adjacent lines are one text. */
function commentsOf(lines: readonly TextLine[]): Text[] {
  const comments: { lines: TextLine[]; column: number }[] = [];
  for (const { text, line } of lines) {
    const comment = /^((?:[^'"#]|"[^"]*"|'[^']*'|(?<=\S)#)*)#+ ?(?:-- )?(.*)$/.exec(text);
    const [, before = "", words = ""] = comment ?? [];
    if (comment === null || (before.trim() !== "" && !/\s$/.test(before)) || isDirective(words)) continue;
    const last = comments.at(-1);
    const isNext = last?.column === before.length && last.lines.at(-1)?.line === line - 1;
    if (isNext) last.lines.push({ text: words, line });
    else comments.push({ lines: [{ text: words, line }], column: before.length });
  }
  return comments.flatMap((comment) => paragraphsOf(comment.lines));
}

/** Whether a program reads the comment, or it is YAML that is commented out. */
function isDirective(words: string): boolean {
  return /^!|^(?:shellcheck|syntax=|prettier-|yaml-language-server)|^\s*-?\s*[\w./-]+:(?:\s+\S+)?$/.test(words);
}

/** Comments of Go templates. */
function commentsOfTemplate(source: string): Text[] {
  return [...source.matchAll(/\{\{-?\s*\/\*([\s\S]*?)\*\/\s*-?\}\}/g)].flatMap(({ index, 1: words = "" }) => {
    const first = source.slice(0, index).split("\n").length;
    return paragraphsOf(words.split("\n").map((text, offset) => ({ text: text.trim(), line: first + offset })));
  });
}

/** The sentences that a chart prints, without its commands. */
function messagesOfTemplate(lines: readonly TextLine[]): Text[] {
  const sentences = lines.filter(({ text }) => !/^\s*(?:kubectl|helm)\b/.test(text));
  const shown = sentences.map(({ text, line }) => ({ text: withoutActions(text), line }));
  return paragraphsOf(shown).map((text) => ({ ...text, kind: "messages" }));
}

/** An action on a line of its own shows nothing, any other a value. */
function withoutActions(text: string): string {
  return text.replace(/^(?:\s*\{\{.*?\}\}\s*)+$/, "").replaceAll(/\{\{.*?\}\}/g, "`x`");
}

/** Most characters of a line. 120 is what prettier allows for code; at 100 a quarter of all comments were too long. */
export const longestLine = { pages: 140, comments: 120 };

/** The lines that are too long. A page's blocks of code are not prose. */
export function longLines(source: string, kind: keyof typeof longestLine): readonly TextLine[] {
  const lines = source.split("\n").map((text, index) => ({ text, line: index + 1 }));
  let isCode = false;
  return lines.filter(({ text }) => {
    if (kind === "comments") return text.length > longestLine.comments && /^\s*(?:\/\/|\/?\*|#)/.test(text);
    if (text.startsWith("```")) isCode = !isCode;
    return !isCode && text.length > longestLine.pages;
  });
}
