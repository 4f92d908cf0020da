/**
 * Finds comments and messages in TypeScript. Vale reads comments there but no strings, so the compiler finds both, and
 * Vale gets them as text.
 */
import ts from "typescript";
import { isProse, paragraphsOf, withoutCode, type Text, type TextLine } from "./text.ts";

/** The comments of a file and its messages. In a file of tests the messages are the names of the tests. */
export function textsOfTypeScript(file: string, source: string): Text[] {
  const tree = ts.createSourceFile(file, source, ts.ScriptTarget.Latest, false);
  const messages = file.endsWith(".test.ts") ? testNamesOf(tree) : messagesOf(tree, tree);
  return [...commentsOf(tree), ...messages];
}

function messagesOf(tree: ts.SourceFile, node: ts.Node): Text[] {
  if (isNoMessage(node)) return [];
  const isWhole = ts.isStringLiteralLike(node) || ts.isTemplateExpression(node) || isConcatenation(node);
  return [...(isWhole ? messageOf(tree, node) : []), ...childrenOf(node).flatMap((child) => messagesOf(tree, child))];
}

/** The children of a node; of a concatenation those that are no parts of its text. */
function childrenOf(node: ts.Node): ts.Node[] {
  const children: ts.Node[] = [];
  ts.forEachChild(node, (child) => {
    if (!isConcatenation(node) || !(ts.isStringLiteralLike(child) || isConcatenation(child))) children.push(child);
    else if (isConcatenation(child)) children.push(...childrenOf(child));
  });
  return children;
}

/** Names of modules and types. */
function isNoMessage(node: ts.Node): boolean {
  return ts.isImportDeclaration(node) || ts.isExportDeclaration(node) || ts.isLiteralTypeNode(node);
}

function isConcatenation(node: ts.Node): node is ts.BinaryExpression {
  return ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken;
}

function testNamesOf(tree: ts.SourceFile): Text[] {
  const names: Text[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && /^(?:it|test|describe)\b/.test(node.expression.getText(tree)))
      names.push(...(node.arguments[0] === undefined ? [] : messageOf(tree, node.arguments[0])));
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return names;
}

/** The paragraphs of a string that are prose. In a table of options each description is one. */
function messageOf(tree: ts.SourceFile, node: ts.Node): Text[] {
  const paragraphs: TextLine[][] = [[]];
  for (const { text, line } of stringLines(tree, node)) {
    const description = /^\s+\S.*?\s{2,}(\S.*)$/.exec(text)?.[1];
    if (text.trim() === "" || description !== undefined) paragraphs.push([]);
    if (text.trim() !== "") paragraphs.at(-1)?.push({ text: withoutCode((description ?? text).trim()), line });
  }
  return paragraphs
    .filter((lines) => isProse(lines.map(({ text }) => text).join(" ")))
    .map((lines) => ({ kind: "messages", lines }));
}

/** The lines that a string shows, each with the line of the source that holds it. */
function stringLines(tree: ts.SourceFile, node: ts.Node): TextLine[] {
  const lines: { text: string; line: number }[] = [];
  for (const { text, at } of stringParts(tree, node)) {
    const line = lineOf(tree, at);
    const [first = "", ...rest] = text.split("\n");
    const last = lines.at(-1);
    if (last?.line === line) last.text += first;
    else lines.push({ text: first, line });
    // Escaped line breaks leave the line of the source, those of a template go on to the next.
    const isTemplate = tree.text[at] === "`" || tree.text[at] === "}";
    rest.forEach((more, index) => lines.push({ text: more, line: isTemplate ? line + index + 1 : line }));
  }
  return lines;
}

/** Stands for a value; withoutCode makes it a word. */
const value = "`x`";

interface StringPart {
  readonly text: string;
  readonly at: number;
}

function stringParts(tree: ts.SourceFile, node: ts.Node): StringPart[] {
  const at = node.getStart(tree);
  if (ts.isStringLiteralLike(node)) return [{ text: node.text, at }];
  if (isConcatenation(node)) return [...stringParts(tree, node.left), ...stringParts(tree, node.right)];
  if (!ts.isTemplateExpression(node)) return [{ text: value, at }];
  return [
    { text: node.head.text, at },
    ...node.templateSpans.flatMap(({ expression, literal }) => [
      { text: value, at: expression.getStart(tree) },
      { text: literal.text, at: literal.getStart(tree) },
    ]),
  ];
}

function lineOf(tree: ts.SourceFile, position: number): number {
  return tree.getLineAndCharacterOfPosition(position).line + 1;
}

function commentsOf(tree: ts.SourceFile): Text[] {
  const ranges = new Map<number, ts.CommentRange>();
  const visit = (node: ts.Node): void => {
    for (const range of [
      ...(ts.getLeadingCommentRanges(tree.text, node.getFullStart()) ?? []),
      ...(ts.getTrailingCommentRanges(tree.text, node.end) ?? []),
    ])
      ranges.set(range.pos, range);
    for (const child of node.getChildren(tree)) visit(child);
  };
  visit(tree);
  const comments: { lines: TextLine[]; column: number }[] = [];
  for (const { pos, end } of [...ranges.values()].sort((a, b) => a.pos - b.pos)) {
    const { line, character: column } = tree.getLineAndCharacterOfPosition(pos);
    const lines = tree.text
      .slice(pos, end)
      .split("\n")
      .map((text, index) => ({ text: withoutMarks(text), line: line + index + 1 }));
    const last = comments.at(-1);
    const goesOn = tree.text.startsWith("//", pos) && last?.column === column && last.lines.at(-1)?.line === line;
    if (goesOn) last.lines.push(...lines);
    else comments.push({ lines, column });
  }
  return comments.flatMap(({ lines }) => paragraphsOf(lines));
}

function withoutMarks(line: string): string {
  return line.replace(/^\s*(?:\/\*\*?|\/\/|\*(?!\/))? ?/, "").replace(/\s*\*\/$/, "");
}
