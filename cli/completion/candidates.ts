/** Words that can follow on a command line, for shells and for kubectl itself. */
import type { Argument, Command, Option } from "commander";
import type { ClaudeRun } from "../../crds/claude-run.ts";
import type { Session } from "../session.ts";
import { isFinished, listRuns, newestFirst } from "../kubernetes/runs.ts";

/** What fits, and whether file names would, too. */
export interface Candidates {
  /** A word, or a word, a tab and what it means. */
  readonly words: readonly string[];
  readonly takesFiles: boolean;
}

/** Nobody waits long for a suggestion. */
const patience = { attempts: 1, timeoutMs: 2_000 };
const fileOptions: ReadonlySet<string> = new Set(["kubeconfig", "promptFile"]);
const none: Candidates = { words: [], takesFiles: false };

/** What can stand at the place of the last word, which may be empty or half a word. */
export async function candidatesOf(
  program: Command,
  typed: readonly string[],
  sessionOf: (options: Record<string, string>) => Session,
): Promise<Candidates> {
  const last = typed.at(-1) ?? "";
  const before = typed.slice(0, -1);
  const { verb, given, options, open } = readLine(program, before);
  const known = [...(verb?.options ?? []), ...program.options];
  if (open !== undefined) return fitting(await valuesOf(open, () => sessionOf(options)), last);
  if (last.startsWith("-")) {
    const words = known.filter(({ hidden }) => !hidden).map(({ long, description }) => `${long ?? ""}\t${description}`);
    return fitting({ words, takesFiles: false }, last);
  }
  if (verb === undefined) {
    const verbs = program.commands.filter((each) => !each.name().startsWith("_"));
    return fitting({ words: verbs.map((each) => `${each.name()}\t${each.description()}`), takesFiles: false }, last);
  }
  return fitting(await argumentsOf(verb, given, () => sessionOf(options)), last);
}

function fitting({ words, takesFiles }: Candidates, last: string): Candidates {
  return { words: words.filter((word) => word.startsWith(last)), takesFiles };
}

interface Line {
  readonly verb: Command | undefined;
  readonly given: readonly string[];
  readonly options: Record<string, string>;
  /** An option that waits for its value. */
  readonly open: Option | undefined;
}

function readLine(program: Command, words: readonly string[]): Line {
  let verb: Command | undefined;
  let open: Option | undefined;
  const given: string[] = [];
  const options: Record<string, string> = {};
  for (const word of words) {
    if (open !== undefined) {
      options[open.attributeName()] = word;
      open = undefined;
    } else if (word.startsWith("-")) {
      const [flag = "", value] = word.split("=", 2);
      const option = [...(verb?.options ?? []), ...program.options].find(
        ({ long, short }) => flag === long || flag === short,
      );
      if (option === undefined || option.isBoolean()) continue;
      if (value === undefined) open = option;
      else options[option.attributeName()] = value;
    } else if (verb === undefined) {
      verb = program.commands.find((each) => each.name() === word || each.aliases().includes(word));
    } else given.push(word);
  }
  return { verb, given, options, open };
}

async function valuesOf(option: Option, session: () => Session): Promise<Candidates> {
  const name = option.attributeName();
  if (fileOptions.has(name)) return { words: [], takesFiles: true };
  if (option.argChoices !== undefined) return { words: option.argChoices, takesFiles: false };
  if (name === "context") return { words: session().connection.contexts, takesFiles: false };
  if (name === "agent") {
    const runs = await runsOf(session());
    return { words: [...new Set(runs.map(({ spec }) => spec.agent))], takesFiles: false };
  }
  if (name !== "namespace") return none;
  const { connection } = session();
  const { items } = (await Object.assign(connection, patience).request("GET", "/api/v1/namespaces")) as {
    readonly items: readonly { readonly metadata: { readonly name: string } }[];
  };
  return { words: items.map(({ metadata }) => metadata.name), takesFiles: false };
}

async function argumentsOf(verb: Command, given: readonly string[], session: () => Session): Promise<Candidates> {
  const expected: readonly Argument[] = verb.registeredArguments;
  const argument = expected[given.length] ?? (expected.at(-1)?.variadic === true ? expected.at(-1) : undefined);
  if (argument === undefined) return none;
  if (argument.argChoices !== undefined) return { words: argument.argChoices, takesFiles: false };
  if (argument.name() === "file") return { words: [], takesFiles: true };
  if (argument.name() !== "run") return none;
  const isForUnfinished = ["cancel", "suspend", "resume"].includes(verb.name());
  const runs = (await runsOf(session())).filter((run) => !isForUnfinished || !isFinished(run));
  const words = runs.map(({ metadata, status }) => `${metadata.name}\t${status?.phase ?? ""}`);
  return { words: words.filter((word) => !given.includes(word.split("\t", 1)[0] ?? "")), takesFiles: false };
}

async function runsOf(session: Session): Promise<ClaudeRun[]> {
  const { items } = await listRuns(Object.assign(session.connection, patience), { namespace: session.namespace });
  return newestFirst(items);
}
