/** `why`: the whole story of a run, for whoever is called at night. */
import { findRun } from "../kubernetes/runs.ts";
import { printValue } from "../output.ts";
import type { Session } from "../session.ts";
import { cells, pad, plain, wrap } from "../terminal/cells.ts";
import type { Style, Terminal } from "../terminal/terminal.ts";
import { factsOf } from "../why/facts.ts";
import { storyOf, type Story } from "../why/story.ts";

const phaseStyles: Readonly<Record<string, Style>> = {
  Succeeded: "green",
  Failed: "red",
  Cancelled: "magenta",
  Running: "cyan",
};
/** Rows of claude's answer: all of it is in the log. */
const mostRows = 6;

/** Prints it: how it stands, what happened, what to do; then the facts and the timeline. */
export async function why(session: Session, _: object, name: string): Promise<number> {
  const { connection, terminal, options } = session;
  const run = await findRun(connection, session.namespace, name);
  const story = storyOf(await factsOf(connection, run), session.where);
  if (options.output === "json" || options.output === "yaml") printValue(terminal, options.output, story);
  else for (const line of linesOf(terminal, story)) terminal.say(line);
  return 0;
}

function linesOf(terminal: Terminal, story: Story): string[] {
  const { phase, reason, meaning, message, whatToDo } = story;
  const style = phaseStyles[phase] ?? "yellow";
  const verdict = reason === "" || reason === phase ? phase : `${phase}: ${reason}`;
  return [
    `${terminal.paint("bold", story.name)}  ${terminal.paint(style, verdict)}`,
    terminal.paint("dim", `agent ${story.agent}, namespace ${story.namespace}`),
    ...part(terminal, "What happened", [...prose(terminal, meaning), ...prose(terminal, message)]),
    ...part(terminal, "What to do", prose(terminal, whatToDo)),
    ...part(terminal, "Facts", factLines(terminal, story)),
    ...part(terminal, "Timeline", timelineLines(terminal, story)),
    ...part(
      terminal,
      "Next",
      story.next.map((command) => `  ${terminal.paint("cyan", command)}`),
    ),
    ...story.gaps.flatMap((gap) => ["", terminal.paint("yellow", gap)]),
  ];
}

function part(terminal: Terminal, title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ["", terminal.paint("bold", title), ...lines];
}

function prose(terminal: Terminal, text: string | undefined): string[] {
  if (text === undefined) return [];
  return plain(text)
    .split("\n")
    .flatMap((line) => wrap(line, terminal.proseColumns - 2))
    .map((line) => `  ${line}`.trimEnd());
}

function factLines(terminal: Terminal, { facts }: Story): string[] {
  const width = Math.max(0, ...facts.map(([name]) => name.length));
  return facts.flatMap(([name, value]) => {
    const lines = plain(value)
      .trim()
      .split("\n")
      .flatMap((line) => wrap(line, terminal.proseColumns - width - 4));
    const shown =
      lines.length > mostRows ? [...lines.slice(0, mostRows), `… ${lines.length - mostRows} more lines`] : lines;
    return hanging(`  ${terminal.paint("dim", pad(name, width))}  `, width + 4, shown);
  });
}

function timelineLines(terminal: Terminal, { timeline }: Story): string[] {
  const [first] = timeline;
  const startMs = Date.parse(first?.time ?? "");
  const times = timeline.map(({ time }) => ({
    clock: new Date(Date.parse(time)).toISOString().slice(11, 19),
    // Whole seconds, as the clock beside it shows them.
    after: `+${Math.floor(Date.parse(time) / 1_000) - Math.floor(startMs / 1_000)}s`,
  }));
  const afterWidth = Math.max(0, ...times.map(({ after }) => after.length));
  const date = first === undefined ? [] : [terminal.paint("dim", `  ${first.time.slice(0, 10)} UTC`)];
  const rows = timeline.flatMap(({ source, what, message, isBad }, at) => {
    const { clock = "", after = "" } = times[at] ?? {};
    const head = `  ${clock}  ${after.padStart(afterWidth)}  ${pad(source, 4)}  `;
    const text = plain(message === "" ? what : `${what}  ${message}`).replace(/\s*\n\s*/g, " ");
    const lines = wrap(text, Math.max(20, terminal.proseColumns - cells(head)));
    return hanging(
      terminal.paint("dim", head),
      cells(head),
      isBad ? lines.map((line) => terminal.paint("red", line)) : lines,
    );
  });
  return [...date, ...rows];
}

/** The first line behind its head, the others below it. */
function hanging(head: string, width: number, [first = "", ...rest]: readonly string[]): string[] {
  return [`${head}${first}`.trimEnd(), ...rest.map((line) => `${" ".repeat(width)}${line}`)];
}
