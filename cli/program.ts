/** The command line: verbs, their flags, and what each leads to. */
import { Argument, Command, Option } from "commander";
import { cancel, resume, suspend } from "./commands/change.ts";
import { cost, groupings } from "./commands/cost.ts";
import { doctor } from "./commands/doctor.ts";
import { list } from "./commands/list.ts";
import { logs } from "./commands/logs.ts";
import { release } from "./commands/release.ts";
import { run } from "./commands/run.ts";
import { top } from "./commands/top.ts";
import { why } from "./commands/why.ts";
import { scripts } from "./completion/scripts.ts";
import { outputs } from "./output.ts";
import { fields, optionOf } from "./run/fields.ts";
import { Session, type CommonOptions } from "./session.ts";

/** What a verb does with its options and arguments; resolves to the exit code. */
type Verb = (session: Session, options: never, argument: never) => Promise<number>;

/** What came of the command line: the session as soon as there is one, and the exit code. */
export interface Running {
  session: Session | undefined;
  exitCode: number;
}

const output = (...choices: readonly string[]): Option =>
  new Option("-o, --output <format>", "for programs").choices(choices);
const allNamespaces = (): Option => new Option("-A, --all-namespaces", "in all namespaces");
const selector = (): Option => new Option("-l, --selector <labels>", "only runs with these labels");
const operatorLease = (): Option =>
  new Option("--operator-lease <lease>", "NAMESPACE/NAME of the operator's Lease").default(
    "claude-run-system/claude-run",
  );
const repeated = (word: string, before: string[] = []): string[] => [...before, word];

/** The whole command line; what was run is told in `running`. */
export function programOf(running: Running): Command {
  const program = new Command("kubectl claude")
    .description("Runs Claude Code agents on Kubernetes, follows them, and says why they ended as they did.")
    .option("-n, --namespace <name>", "the runs' namespace (default: the context's own)")
    .option("--context <name>", "context of the kubeconfig")
    .option("--kubeconfig <file>", "kubeconfig to use (default: KUBECONFIG, ~/.kube/config)")
    .addOption(new Option("--color <when>", "colours; NO_COLOR is heeded").choices(["auto", "always", "never"]))
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ outputError: (text, write) => write(`${text.trim().replace(/\s*\n\s*/g, " ")}\n`) })
    .helpCommand(false)
    .version("0.1.0", "--version")
    .exitOverride();
  const act =
    (verb: Verb) =>
    async (...given: unknown[]): Promise<void> => {
      const command = given.at(-1) as Command;
      running.session = new Session(command.optsWithGlobals<CommonOptions>());
      running.exitCode = await verb(running.session, command.opts<never>(), given[0] as never);
    };
  makingVerbs(program, act);
  readingVerbs(program, act);
  changingVerbs(program, act);
  caringVerbs(program, act);
  completionVerb(program);
  return program;
}

type Act = (verb: Verb) => (...given: unknown[]) => Promise<void>;

function makingVerbs(program: Command, act: Act): void {
  const command = program
    .command("run")
    .description("make a run: PROMPT, --prompt-file, stdin, or your editor")
    .argument("[prompt]", "what claude is asked; - reads stdin")
    .option("--name <name>", "its name (default: the agent's and five letters)")
    .option("-f, --follow", "print its log until it has ended; ends with its exit code")
    .option("-w, --wait", "wait until it has ended and print the answer; ends with its exit code")
    .option("--prompt-file <file>", "read the prompt from a file")
    .option("--resume-last", "go on in the session of the agent's newest finished run");
  for (const field of fields) command.addOption(optionOf(field));
  command
    .option("--env <name=value>", "variable of the container; secrets belong into --credentials", repeated)
    .option("--label <key=value>", "label of the run", repeated)
    .option("--raw", "with --follow: claude's JSON as it is")
    .option("--full", "with --follow: fold nothing")
    .addOption(
      new Option("--dry-run <how>", "make nothing: print the object, or ask the server").choices(["client", "server"]),
    )
    .addOption(output(...outputs))
    .action(act(run));
}

function readingVerbs(program: Command, act: Act): void {
  program
    .command("list")
    .alias("ls")
    .description("the runs, newest first")
    .option("--agent <name>", "only runs of this agent")
    .addOption(allNamespaces())
    .addOption(selector())
    .addOption(output(...outputs))
    .action(act(list));
  program
    .command("top")
    .description("the agents at work, live; q quits")
    .addOption(allNamespaces())
    .addOption(selector())
    .addOption(output(...outputs))
    .action(act(top));
  program
    .command("logs")
    .description("what claude said and did")
    .argument("<run>", "its name, or the beginning of it")
    .option("-f, --follow", "go on until the run has ended, into its next attempts too")
    .option("--attempt <n>", "an earlier attempt's")
    .option("--raw", "claude's JSON as it is")
    .option("--full", "fold nothing")
    .action(act(logs));
  program
    .command("why")
    .description("the whole story of a run, and what to do")
    .argument("<run>", "its name, or the beginning of it")
    .addOption(output("json", "yaml"))
    .action(act(why));
  program
    .command("cost")
    .description("what finished runs spent")
    .addOption(new Option("--by <what>", "one row for each").choices(groupings).default("agent"))
    .option("--agent <name>", "only runs of this agent")
    .option("--since <time>", "only runs that ended within 12h, 7d …")
    .addOption(allNamespaces())
    .addOption(selector())
    .addOption(output("json", "yaml"))
    .action(act(cost));
}

function changingVerbs(program: Command, act: Act): void {
  const runs = (): Argument => new Argument("[run...]", "their names, or the beginnings of them");
  program
    .command("cancel")
    .description("end runs")
    .addArgument(runs())
    .option("--reason <text>", "who and why (default: your name)")
    .option("-w, --wait", "until they have ended")
    .addOption(selector())
    .action(act(cancel));
  program
    .command("suspend")
    .description("keep runs that wait from being admitted")
    .addArgument(runs())
    .addOption(selector())
    .action(act(suspend));
  program
    .command("resume")
    .description("let suspended runs be admitted")
    .addArgument(runs())
    .addOption(selector())
    .action(act(resume));
}

function caringVerbs(program: Command, act: Act): void {
  // Its arguments have an order of their own, which only the runner reads: main.ts hands them on.
  program
    .command("inspect")
    .description("how a run ended, by its saved log: FILE [--stderr FILE] [--exit-code N | --signal NAME] …")
    .argument("[file...]")
    .allowUnknownOption();
  program
    .command("doctor")
    .description("what a run needs of the cluster, checked one by one")
    .option(
      "--from-pod <pod>",
      "instead: what agents of paperclip-adapter-claude-k8s had from this pod, and where to write it",
    )
    .addOption(operatorLease())
    .addOption(output("json", "yaml"))
    .action(act(doctor));
  program
    .command("release")
    .description("set pods free that wait for an operator that is gone; gives their results up")
    .addOption(operatorLease())
    .option("--force", "though an operator may be at work")
    .option("--dry-run", "only say which")
    .addOption(allNamespaces())
    .action(act(release));
}

function completionVerb(program: Command): void {
  program
    .command("completion")
    .description("a script for your shell; kubectl's own completion needs none")
    .addArgument(new Argument("<shell>").choices(Object.keys(scripts)))
    .action((shell: keyof typeof scripts) => void process.stdout.write(scripts[shell]));
}
