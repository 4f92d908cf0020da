/** The command line: verbs, their flags, and what each leads to. */
import { Command, Option } from "commander";
import { list, type ListOptions } from "./commands/list.ts";
import { outputs } from "./output.ts";
import { Session, type CommonOptions } from "./session.ts";

/** What a verb does with its arguments; resolves to the exit code. */
type Verb = (session: Session, options: never, ...args: never[]) => Promise<number>;

/** Called with the session as soon as there is one, and with the exit code. */
export interface Running {
  session: Session | undefined;
  exitCode: number;
}

const output = (...choices: readonly string[]): Option =>
  new Option("-o, --output <format>", "for programs").choices(choices);
const allNamespaces = (): Option => new Option("-A, --all-namespaces", "in all namespaces");
const selector = (): Option => new Option("-l, --selector <labels>", "only runs with these labels");

/** The whole command line; what was run is told in `running`. */
export function programOf(running: Running): Command {
  const program = new Command("kubectl claude")
    .description(
      "Runs Claude Code agents on Kubernetes as ClaudeRuns, follows them, and says why they ended as they did.",
    )
    .option("-n, --namespace <name>", "the runs' namespace (default: the context's own)")
    .option("--context <name>", "context of the kubeconfig")
    .option("--kubeconfig <file>", "kubeconfig to use (default: KUBECONFIG, ~/.kube/config)")
    .addOption(new Option("--color <when>", "colours; NO_COLOR is heeded").choices(["auto", "always", "never"]))
    .configureHelp({ showGlobalOptions: true })
    .helpCommand(false)
    .configureOutput({ outputError: (text, write) => write(`${text.trim().replace(/\s*\n\s*/g, " ")}\n`) })
    .version("0.1.0", "--version")
    .exitOverride();

  const act =
    (verb: Verb) =>
    async (...given: unknown[]): Promise<void> => {
      const command = given.at(-1) as Command;
      running.session = new Session(command.optsWithGlobals<CommonOptions>());
      const args = given.slice(0, -2) as never[];
      running.exitCode = await verb(running.session, command.opts<never>(), ...args);
    };

  program
    .command("list")
    .alias("ls")
    .description("the runs, newest first")
    .option("--agent <name>", "only runs of this agent")
    .addOption(allNamespaces())
    .addOption(selector())
    .addOption(output(...outputs))
    .action(act((session, options: ListOptions) => list(session, options)));
  return program;
}
