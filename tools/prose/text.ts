/** Texts as Vale gets them: each line knows where it comes from. */
import type { Kind } from "./scopes.ts";

export interface TextLine {
  readonly text: string;
  /** Line of the source file, from 1. */
  readonly line: number;
}

/** One comment, one message or one page. */
export interface Text {
  readonly kind: Kind;
  readonly lines: readonly TextLine[];
}

/** Code and addresses become one word each: Vale knows Markdown's code in pages only. */
export function withoutCode(text: string): string {
  let count = 0;
  return text.replaceAll(/`[^`]*`|\b[a-z]+:\/\/\S*[\w/]/g, () => `x${++count}`);
}

/**
 * The paragraphs of a comment. Each item of a list is one, because an item without a period would run into the next.
 * Indented lines are examples of code, and are left out.
 */
export function paragraphsOf(lines: readonly TextLine[]): Text[] {
  const paragraphs: TextLine[][] = [[]];
  let isList = false;
  for (const { text, line } of lines) {
    const startsItem = /^\s*(?:[-*]|\d+[.)]|@\w+)\s/.test(text);
    if (text.trim() === "" || startsItem) paragraphs.push([]);
    if (text.trim() === "") isList = false;
    if (startsItem) isList = true;
    if (text.trim() === "" || (!isList && text.startsWith("  "))) continue;
    paragraphs.at(-1)?.push({ text: withoutCode(text.trim().replace(/^(?:[-*]|\d+[.)]|@\w+)\s+/, "")), line });
  }
  return paragraphs
    .filter((paragraph) => paragraph.length > 0)
    .map((paragraph) => ({ kind: "comments", lines: paragraph }));
}

/** Tells sentences from commands, paths, patterns and other strings: at least three words, and little else. */
export function isProse(text: string): boolean {
  if (/[{}\\]|=>|&&|\|\||;$|^\s*[-/$#]/.test(text)) return false;
  const tokens = text.split(/\s+/).filter((token) => token !== "" && !/^\W*x\d+\W*$/.test(token));
  const words = tokens.filter((token) => /^[("'“]*[A-Za-z][A-Za-z'’-]*[.,;:!?)"'”…]*$/.test(token));
  return words.length >= 3 && words.length >= tokens.length * 0.6;
}
