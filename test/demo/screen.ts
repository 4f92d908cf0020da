/** The terminal: headings, progress, tables, and the lines of several runs between each other, each with its name. */
import { styleText } from "node:util";
import type { Kind, Shown } from "./render.ts";

type Style = Parameters<typeof styleText>[0];

const runColours: readonly Style[] = ["cyan", "magenta", "yellow"];
const kindStyles: Readonly<Record<Kind, Style>> = {
  note: "dim",
  text: "reset",
  tool: "blue",
  output: "dim",
  error: "red",
  result: "green",
};
/** A line of a tool has no more rows than these, so that one command does not fill the screen. */
const toolRows = 3;

/** styleText leaves the colours out if stdout is no terminal or NO_COLOR is set. */
function styled(style: Style, text: string): string {
  return styleText(style, text, { stream: process.stdout });
}

/** Columns of the screen, or of a page where there is none. */
export function columns(): number {
  return process.stdout.columns || 100;
}

export function heading(text: string): void {
  console.log(`\n${styled("bold", `── ${text} ──`)}`);
}

/** A line as it stands: a command, or what a program printed. */
export function say(text: string): void {
  console.log(text);
}

/** Prose: broken between words at the width of the screen. */
export function tell(text: string, indent = ""): void {
  for (const row of wrap(text, columns(), indent)) console.log(row);
}

export function complain(text: string): void {
  console.log(styled("red", text));
}

/** Between a table and the lines of a log there is an empty line. */
let isBelowTable = false;

/** What kubectl printed, under the command that printed it. */
export function showTable(command: string, table: string): void {
  console.log(`\n${styled("dim", `$ ${command}`)}\n${styled("bold", table.trimEnd())}`);
  isBelowTable = true;
}

/** One function per run: prints a line of its log behind its name. */
export function logPrinter(name: string, index: number, width: number): (line: Shown) => void {
  const prefix = styled(runColours[index % runColours.length] ?? "cyan", `${name.padEnd(width)} │ `);
  return ({ kind, text }) => {
    const isTool = kind === "tool" || kind === "output";
    const rows = wrap(text, Math.max(20, columns() - width - 3), isTool ? "    " : "");
    const shown = isTool && rows.length > toolRows ? [...rows.slice(0, toolRows), "    …"] : rows;
    if (isBelowTable) console.log();
    isBelowTable = false;
    for (const row of shown) console.log(prefix + styled(kindStyles[kind], row));
  };
}

/** Says what is being waited for as soon as it takes more than two seconds, and that it goes on. */
export async function during<T>(what: string, work: Promise<T>): Promise<T> {
  let seconds = 0;
  const beat = setInterval(() => console.log(`  … ${what}: ${(seconds += 2)} s`), 2_000);
  try {
    return await work;
  } finally {
    clearInterval(beat);
  }
}

/** Breaks between words where it can; the rows that follow the first begin with `indent`. */
export function wrap(text: string, width: number, indent = ""): string[] {
  const rows: string[] = [];
  let rest = text;
  while (rest.length > width) {
    const space = rest.lastIndexOf(" ", width);
    const at = space > indent.length ? space : width;
    rows.push(rest.slice(0, at));
    rest = indent + rest.slice(at).trimStart();
  }
  return [...rows, rest];
}
