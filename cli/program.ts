/** The command line: commands, their flags and handlers. */
import { Argument, Command, Option } from "commander";
import { continueRun, retry } from "./commands/continue-and-retry.ts";
import { cancel, resume, suspend } from "./commands/cancel-and-suspend.ts";
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
import { CommandContext, type CommonOptions } from "./command-context.ts";
import { Terminal, type Streams } from "./terminal/terminal.ts";

/** Runs a command with its options and arguments. Resolves to the exit code. */
type CommandHandler = (ctx: CommandContext, options: never, argument: never, second: never) => Promise<number>;

/** State of one command line: its context once a command runs, and the exit code. */
export interface Invocation {
  readonly streams: Streams;
  ctx: CommandContext | undefined;
  exitCode: number;
}

const output = (...choices: readonly string[]): Option =>
  new Option("-o, --output <format>", "output format").choices(choices);
const allNamespaces = (): Option => new Option("-A, --all-namespaces", "in all namespaces");
const selector = (): Option => new Option("-l, --selector <labels>", "only runs with these labels");
const operatorLease = (): Option =>
  new Option("--operator-lease <lease>", "NAMESPACE/NAME of the operator's Lease").default(
    "claude-run-system/claude-run",
  );
const collect = (word: string, before: string[] = []): string[] => [...before, word];

/** Returns the whole command line. Records context and exit code in the given invocation. */
export function buildProgram(running: Invocation): Command {
  // Prints help and usage errors, before a context has its own terminal.
  const terminal = new Terminal("auto", running.streams);
  const program = new Command("kubectl claude")
    .description("Runs Claude Code agents on Kubernetes, follows them, and explains how they ended.")
    .option("-n, --namespace <name>", "the runs' namespace (default: the context's own)")
    .option("--context <name>", "context of the kubeconfig")
    .option("--kubeconfig <file>", "kubeconfig to use (default: KUBECONFIG, ~/.kube/config)")
    .option("--cluster <name>", "cluster of the kubeconfig (default: the context's own)")
    .option("--user <name>", "user of the kubeconfig (default: the context's own)")
    .option("--server <url>", "address of the API server (default: the cluster's own)")
    .option("--token <token>", "bearer token for the API server")
    .option("--as <user>", "user to act as (impersonation)")
    .option("--as-group <group>", "group to act as; can be repeated", collect)
    .option("--as-uid <uid>", "uid to act as")
    .option("--tls-server-name <name>", "name to verify in the server's certificate")
    .option("--certificate-authority <file>", "CA certificates to verify the server's certificate")
    .option("--insecure-skip-tls-verify", "do not verify the server's certificate")
    .addOption(
      new Option("--color <when>", "when to print colours; NO_COLOR turns auto off").choices([
        "auto",
        "always",
        "never",
      ]),
    )
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => terminal.print(text.trimEnd()),
      outputError: (text) => terminal.note(text.trim()),
    })
    .helpCommand(false)
    .version("0.1.0", "--version")
    .exitOverride();
  const act =
    (verb: CommandHandler) =>
    async (...given: unknown[]): Promise<void> => {
      const command = given.at(-1) as Command;
      running.ctx = new CommandContext(command.optsWithGlobals<CommonOptions>(), running.streams);
      running.exitCode = await verb(running.ctx, command.opts<never>(), given[0] as never, given[1] as never);
    };
  addRun(program, act);
  addContinueAndRetry(program, act);
  addReadCommands(program, act);
  addChangeCommands(program, act);
  addMaintenanceCommands(program, act);
  addCompletion(program, terminal);
  return program;
}

type Action = (verb: CommandHandler) => (...given: unknown[]) => Promise<void>;

function addRun(program: Command, act: Action): void {
  const command = program
    .command("run")
    .description("create a run; prompt from PROMPT, --prompt-file, stdin or your editor")
    .argument("[prompt]", "the prompt; - reads stdin")
    .option("--name <name>", "name of the run (default: the agent's name and five characters)")
    .option("--prompt-file <file>", "read the prompt from a file")
    .option("--resume-last", "continue the session of the agent's newest finished run");
  for (const field of fields) command.addOption(optionOf(field));
  addRunOptions(command);
  command.action(act(run));
}

/** Fields that a copy of a run takes from it. */
const notForCopies: ReadonlySet<string> = new Set(["agent", "session.resume", "suspend"]);

function addContinueAndRetry(program: Command, act: Action): void {
  const copying = (name: string, description: string): Command =>
    program.command(name).description(description).argument("<run>", "name of the run, or a unique prefix");
  const commands = [
    copying("continue", "continue the session of a finished run, with the same spec")
      .argument("[prompt]", 'the prompt (default: "Go on."); - reads stdin')
      .option("--prompt-file <file>", "read the prompt from a file")
      .action(act(continueRun)),
    copying("retry", "repeat a finished run with the same spec")
      .option("--new-session", "start a new session instead of the one that the run resumed")
      .action(act(retry)),
  ];
  for (const command of commands) {
    command.option("--name <name>", "name of the new run (default: the agent's name and five characters)");
    for (const field of fields) if (!notForCopies.has(field.path)) command.addOption(optionOf(field));
    addRunOptions(command);
  }
}

/** Adds the options to create and follow a run. */
function addRunOptions(command: Command): void {
  command
    .option("-f, --follow", "print the log until the run has finished; exits with its exit code")
    .option("-w, --wait", "wait for the run and print its answer; exits with its exit code")
    .option("--env <name=value>", "environment variable; use --credentials for secrets", collect)
    .option("--label <key=value>", "label of the run", collect)
    .option("--raw", "with --follow: print claude's JSON unchanged")
    .option("--full", "with --follow: show everything")
    .addOption(
      new Option("--dry-run <how>", "create nothing: print the object, or let the server validate it").choices([
        "client",
        "server",
      ]),
    )
    .addOption(output(...outputs));
}

function addReadCommands(program: Command, act: Action): void {
  program
    .command("list")
    .alias("ls")
    .description("list runs, newest first")
    .option("--agent <name>", "only runs of this agent")
    .addOption(allNamespaces())
    .addOption(selector())
    .addOption(output(...outputs))
    .action(act(list));
  program
    .command("top")
    .description("show the agents live; q quits")
    .addOption(allNamespaces())
    .addOption(selector())
    .addOption(output(...outputs))
    .action(act(top));
  program
    .command("logs")
    .description("print the log of a run")
    .argument("<run>", "name of the run, or a unique prefix")
    .option("-f, --follow", "follow the run until it has finished, through all attempts")
    .option("--attempt <n>", "print the log of this attempt")
    .option("--raw", "print claude's JSON unchanged")
    .option("--full", "show everything")
    .action(act(logs));
  program
    .command("why")
    .description("explain a run: its state, timeline and next step")
    .argument("<run>", "name of the run, or a unique prefix")
    .addOption(output("json", "yaml"))
    .action(act(why));
  program
    .command("cost")
    .description("sum up the cost of finished runs")
    .addOption(new Option("--by <what>", "group by").choices(groupings).default("agent"))
    .option("--agent <name>", "only runs of this agent")
    .option("--since <time>", "only runs that finished within 12h, 7d …")
    .addOption(allNamespaces())
    .addOption(selector())
    .addOption(output("json", "yaml"))
    .action(act(cost));
}

function addChangeCommands(program: Command, act: Action): void {
  const runs = (): Argument => new Argument("[run...]", "names of runs, or unique prefixes");
  program
    .command("cancel")
    .description("cancel runs")
    .addArgument(runs())
    .option("--reason <text>", "reason shown in the run's status (default: your user name)")
    .option("-w, --wait", "wait until the runs have finished")
    .addOption(selector())
    .action(act(cancel));
  program
    .command("suspend")
    .description("hold queued runs")
    .addArgument(runs())
    .addOption(selector())
    .action(act(suspend));
  program
    .command("resume")
    .description("let the operator admit suspended runs")
    .addArgument(runs())
    .addOption(selector())
    .action(act(resume));
}

function addMaintenanceCommands(program: Command, act: Action): void {
  // Only the runner parses the arguments of inspect: command-line.ts passes them on.
  program
    .command("inspect")
    .description("classify a saved log: FILE [--stderr FILE] [--exit-code N | --signal NAME] …")
    .argument("[file...]")
    .allowUnknownOption();
  program
    .command("doctor")
    .description("check that the cluster can run agents")
    .option(
      "--from-pod <pod>",
      "instead: print the settings that replace what agents of paperclip-adapter-claude-k8s took from this pod",
    )
    .addOption(operatorLease())
    .addOption(output("json", "yaml"))
    .action(act(doctor));
  program
    .command("release")
    .description("remove finalizers left by an uninstalled operator; their results are lost")
    .addOption(operatorLease())
    .option("--force", "even if an operator is running")
    .option("--dry-run", "only print the pods")
    .addOption(allNamespaces())
    .action(act(release));
}

function addCompletion(program: Command, terminal: Terminal): void {
  program
    .command("completion")
    .description("print a completion script; kubectl's own completion needs none")
    .addArgument(new Argument("<shell>").choices(Object.keys(scripts)))
    .action((shell: keyof typeof scripts) => terminal.print(scripts[shell].trimEnd()));
}
