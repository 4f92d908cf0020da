/** Completion candidates of a command line, for shells and kubectl. */
import type { Argument, Command, Option } from "commander";
import type { ClaudeRun } from "../../crds/claude-run.ts";
import type { CommandContext } from "../command-context.ts";
import { listRuns } from "../../client/list-runs.ts";
import { isFinished } from "../../crds/finished.ts";
import { newestFirst } from "../../client/run-facts.ts";

/** Completion candidates. */
export interface Candidates {
  /** Words, each optionally followed by a tab and its description. */
  readonly words: readonly string[];
  readonly takesFiles: boolean;
}

const fileOptions: ReadonlySet<string> = new Set(["kubeconfig", "promptFile", "certificateAuthority"]);
const none: Candidates = { words: [], takesFiles: false };

/** Returns the candidates for the last word, which may be empty or incomplete. */
export async function candidatesOf(
  program: Command,
  typed: readonly string[],
  sessionOf: (options: Record<string, string>) => CommandContext,
): Promise<Candidates> {
  const last = typed.at(-1) ?? "";
  const before = typed.slice(0, -1);
  const { verb, given, options, open } = parseWords(program, before);
  const known = [...(verb?.options ?? []), ...program.options];
  if (open !== undefined) return withPrefix(await valuesOf(open, () => sessionOf(options)), last);
  if (last.startsWith("-")) {
    const words = known.filter(({ hidden }) => !hidden).map(({ long, description }) => `${long ?? ""}\t${description}`);
    return withPrefix({ words, takesFiles: false }, last);
  }
  if (verb === undefined) {
    const verbs = program.commands.filter((each) => !each.name().startsWith("_"));
    return withPrefix({ words: verbs.map((each) => `${each.name()}\t${each.description()}`), takesFiles: false }, last);
  }
  return withPrefix(await argumentsOf(verb, given, () => sessionOf(options)), last);
}

function withPrefix({ words, takesFiles }: Candidates, last: string): Candidates {
  return { words: words.filter((word) => word.startsWith(last)), takesFiles };
}

interface ParsedWords {
  readonly verb: Command | undefined;
  readonly given: readonly string[];
  readonly options: Record<string, string>;
  /** The option that expects the next word as its value. */
  readonly open: Option | undefined;
}

function parseWords(program: Command, words: readonly string[]): ParsedWords {
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

async function valuesOf(option: Option, ctx: () => CommandContext): Promise<Candidates> {
  const name = option.attributeName();
  if (fileOptions.has(name)) return { words: [], takesFiles: true };
  if (option.argChoices !== undefined) return { words: option.argChoices, takesFiles: false };
  if (name === "context") return { words: ctx().contextNames, takesFiles: false };
  if (name === "agent") {
    const runs = await runsOf(ctx());
    return { words: [...new Set(runs.map(({ spec }) => spec.agent))], takesFiles: false };
  }
  if (name !== "namespace") return none;
  const { connection } = ctx();
  const { items } = (await connection.request("GET", "/api/v1/namespaces")) as {
    readonly items: readonly { readonly metadata: { readonly name: string } }[];
  };
  return { words: items.map(({ metadata }) => metadata.name), takesFiles: false };
}

async function argumentsOf(verb: Command, given: readonly string[], ctx: () => CommandContext): Promise<Candidates> {
  const expected: readonly Argument[] = verb.registeredArguments;
  const argument = expected[given.length] ?? (expected.at(-1)?.variadic === true ? expected.at(-1) : undefined);
  if (argument === undefined) return none;
  if (argument.argChoices !== undefined) return { words: argument.argChoices, takesFiles: false };
  if (argument.name() === "file") return { words: [], takesFiles: true };
  if (argument.name() !== "run") return none;
  const isForUnfinished = ["cancel", "suspend", "resume"].includes(verb.name());
  const runs = (await runsOf(ctx())).filter((run) => !isForUnfinished || !isFinished(run));
  const words = runs.map(({ metadata, status }) => `${metadata.name}\t${status?.phase ?? ""}`);
  return { words: words.filter((word) => !given.includes(word.split("\t", 1)[0] ?? "")), takesFiles: false };
}

async function runsOf(ctx: CommandContext): Promise<ClaudeRun[]> {
  const { items } = await listRuns(ctx.connection, { namespace: ctx.namespace });
  return newestFirst(items);
}
