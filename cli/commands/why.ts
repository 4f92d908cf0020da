/** `why`: explains a run: its state, the next step, facts and timeline. */
import { findRun } from "../kubernetes/find-run.ts";
import { printValue } from "../output.ts";
import type { CommandContext } from "../command-context.ts";
import { commandLine } from "../shell-command.ts";
import { cellWidth, pad, wrap } from "../terminal/cells.ts";
import { visible, visibleLine } from "../terminal/hidden.ts";
import { styled, type Line, type Piece, type Style, type Terminal } from "../terminal/terminal.ts";
import { factRows } from "../why/fact-rows.ts";
import { readFacts, type Facts } from "../why/facts.ts";
import { explain, type Explanation } from "../why/explanation.ts";

const phaseStyles: Readonly<Record<string, Style>> = {
  Succeeded: "green",
  Failed: "red",
  Cancelled: "magenta",
  Running: "cyan",
};
/** Rows of a fact, such as claude's answer; the log has all of it. */
const maxAnswerRows = 6;

/** Prints the state, what happened, what to do, the facts, the timeline and the next commands. */
export async function why(ctx: CommandContext, _: object, name: string): Promise<number> {
  const { connection, terminal, options } = ctx;
  const run = await findRun(connection, ctx.namespace, name);
  const facts = await readFacts(connection, run);
  const story = explain(facts, ctx.flags);
  if (options.output === "json" || options.output === "yaml") printValue(terminal, options.output, story);
  else for (const line of linesOf(terminal, story, facts)) terminal.printLine(line);
  return 0;
}

function linesOf(terminal: Terminal, story: Explanation, { run, nowMs }: Facts): Line[] {
  const { phase = "not seen by an operator", reason = "", meaning, message, whatToDo } = story;
  const style = phaseStyles[phase] ?? "yellow";
  const verdict = reason === "" || reason === phase ? phase : `${phase}: ${reason}`;
  return [
    [styled("bold", story.name), "  ", styled(style, verdict)],
    styled("dim", `agent ${story.agent}, namespace ${story.namespace}`),
    ...section("What happened", [...proseLines(terminal, meaning), ...proseLines(terminal, message)]),
    ...section("What to do", proseLines(terminal, whatToDo)),
    ...section("Facts", factLines(terminal, factRows(story.facts, run, nowMs))),
    ...section("Timeline", timelineLines(terminal, story)),
    ...section(
      "Next",
      story.next.map((command) => ["  ", styled("cyan", commandLine(command))]),
    ),
    ...story.gaps.flatMap((gap) => ["", styled("yellow", gap)]),
  ];
}

function section(title: string, lines: readonly Line[]): Line[] {
  return lines.length === 0 ? [] : ["", styled("bold", title), ...lines];
}

function proseLines(terminal: Terminal, text: string | undefined): string[] {
  if (text === undefined) return [];
  return visible(text)
    .split("\n")
    .flatMap((line) => wrap(line, terminal.proseColumns - 2))
    .map((line) => `  ${line}`.trimEnd());
}

function factLines(terminal: Terminal, facts: readonly (readonly [string, string])[]): Line[] {
  const width = Math.max(0, ...facts.map(([name]) => name.length));
  return facts.flatMap(([name, value]) => {
    const lines = visible(value)
      .trim()
      .split("\n")
      .flatMap((line) => wrap(line, terminal.proseColumns - width - 4));
    const shown =
      lines.length > maxAnswerRows
        ? [...lines.slice(0, maxAnswerRows), `… ${lines.length - maxAnswerRows} more lines`]
        : lines;
    return hangingIndent(["  ", styled("dim", pad(name, width)), "  "], width + 4, shown);
  });
}

function timelineLines(terminal: Terminal, { timeline }: Explanation): Line[] {
  const [first] = timeline;
  const startMs = Date.parse(first?.time ?? "");
  const times = timeline.map(({ time }) => ({
    clock: new Date(Date.parse(time)).toISOString().slice(11, 19),
    // Whole seconds, as in the column of the clock.
    after: `+${Math.floor(Date.parse(time) / 1_000) - Math.floor(startMs / 1_000)}s`,
  }));
  const afterWidth = Math.max(0, ...times.map(({ after }) => after.length));
  const date = first === undefined ? [] : [styled("dim", `  ${first.time.slice(0, 10)} UTC`)];
  const rows = timeline.flatMap(({ source, reason, count, message, isBad }, at) => {
    const what = count === undefined ? reason : `${reason} (${count} times)`;
    const { clock = "", after = "" } = times[at] ?? {};
    const head = `  ${clock}  ${after.padStart(afterWidth)}  ${pad(visibleLine(source), 4)}  `;
    const text = visibleLine(message === "" ? what : `${what}  ${message}`);
    const lines = wrap(text, Math.max(20, terminal.proseColumns - cellWidth(head)));
    return hangingIndent(
      [styled("dim", head)],
      cellWidth(head),
      isBad ? lines.map((line) => styled("red", line)) : lines,
    );
  });
  return [...date, ...rows];
}

/** Puts the head before the first line, and indents the others. */
function hangingIndent(head: readonly Piece[], width: number, [first = "", ...rest]: readonly Piece[]): Line[] {
  return [[...head, first], ...rest.map((line): Line => [" ".repeat(width), line])];
}
