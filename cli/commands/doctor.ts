/** `doctor`: checks that the cluster can run agents, with the adapter's checks. */
import { ApiError, errorMessage } from "../../kube/api-error.ts";
import { failed, type Check } from "../../client/checks/check.ts";
import { checkCrd, checkNamespace, checkOperatorLease, checkPermission } from "../../client/checks/cluster-checks.ts";
import type { Permission } from "../../client/checks/permissions.ts";
import type { Connection } from "../../kube/connection.ts";
import { group, plural } from "../../crds/names.ts";
import { checkOperator } from "../kubernetes/operator-checks.ts";
import { printValue } from "../output.ts";
import { migrationPlan, type ServerPod } from "../migration/server-pod.ts";
import { exitCodes, usageError, CliError } from "../errors.ts";
import type { CommandContext } from "../command-context.ts";
import { wrap } from "../terminal/cells.ts";
import { visibleLine } from "../terminal/hidden.ts";
import { styled, type Line, type Style } from "../terminal/terminal.ts";

/** Options of `doctor`, in addition to the common flags. */
export interface DoctorOptions {
  readonly operatorLease: string;
  /** Pod of a server from which an older adapter inherited settings for its agents. */
  readonly fromPod?: string;
}

const permission = (resource: string, verb: string, subresource?: string): Permission => ({
  group: resource === plural ? group : "",
  resource,
  verb,
  ...(subresource === undefined ? {} : { subresource }),
});
/** Commands fail without these. */
const requiredPermissions: readonly Permission[] = [
  ...["get", "list", "watch", "create", "patch"].map((verb) => permission(plural, verb)),
  permission("pods", "get", "log"),
];
/** Some commands show less without these. */
const optionalPermissions: readonly Permission[] = [
  { ...permission("pods", "list"), isOptional: true },
  { ...permission("events", "list"), isOptional: true },
];

const marks: Readonly<Record<Check["level"], { readonly mark: string; readonly style: Style }>> = {
  info: { mark: "✓", style: "green" },
  warn: { mark: "!", style: "yellow" },
  error: { mark: "✗", style: "red" },
};

/** Prints the checks. The exit code is 1 if a run could not work. */
export async function doctor(ctx: CommandContext, { operatorLease, fromPod }: DoctorOptions): Promise<number> {
  if (fromPod !== undefined) return printMigration(ctx, fromPod);
  if (!/^[^/]+\/[^/]+$/.test(operatorLease))
    throw usageError(`--operator-lease ${operatorLease}: must be NAMESPACE/NAME`);
  const { terminal, options } = ctx;
  const checks = await runChecks(ctx.connection, ctx.namespace, operatorLease);
  if (options.output === "json" || options.output === "yaml") printValue(terminal, options.output, checks);
  else for (const check of checks) for (const line of linesOf(ctx, check)) terminal.printLine(line);
  return checks.some(({ level }) => level === "error") ? exitCodes.error : 0;
}

/** Prints the settings that replace what the pod's agents inherited, as chart values and adapter keys. */
async function printMigration(
  { connection, namespace, options, terminal }: CommandContext,
  name: string,
): Promise<number> {
  const path = `/api/v1/namespaces/${namespace}/pods/${encodeURIComponent(name)}`;
  const pod = await connection.request("GET", path).catch((error: unknown) => {
    if (!(error instanceof ApiError) || error.code !== 404) throw error;
    throw new CliError(
      `pod ${name} not found in namespace ${namespace}: name the server's pod, and its namespace with -n`,
    );
  });
  const moved = migrationPlan(pod as ServerPod);
  if (options.output === "json" || options.output === "yaml") {
    printValue(terminal, options.output, moved);
    return 0;
  }
  terminal.printLine("# values of the chart claude-run-operator");
  printValue(terminal, "yaml", moved.values);
  terminal.printLine("");
  terminal.printLine("# configuration of each agent");
  printValue(terminal, "yaml", moved.config);
  if (moved.left.length > 0) terminal.printLine("");
  for (const each of moved.left)
    for (const line of wrap(visibleLine(each), terminal.proseColumns - 2)) terminal.printLine(`# ${line}`);
  return 0;
}

async function runChecks(connection: Connection, namespace: string, operatorLease: string): Promise<Check[]> {
  try {
    await connection.once("GET", "/version");
  } catch (error) {
    const hint = "Check --context and --kubeconfig, and that the cluster is up.";
    return [failed("k8s_api_unreachable", `Cannot reach the Kubernetes API: ${errorMessage(error)}`, hint)];
  }
  const [operatorNamespace = "", operatorName = ""] = operatorLease.split("/");
  const asked = [...requiredPermissions, ...optionalPermissions];
  const later = await Promise.all([
    checkCrd(connection),
    checkOperatorLease(connection, { operatorLease }),
    checkNamespace(connection, namespace),
    ...asked.map(async (each) => forUser(await checkPermission(connection, namespace, each))),
  ]);
  const reachable = `The Kubernetes API answers at ${connection.server}.`;
  const atWork = await checkOperator(connection, { namespace, operatorNamespace, operatorName });
  const [served, lease, ...rest] = later;
  const checks = [served, lease, ...atWork, ...rest];
  return [{ code: "k8s_api_reachable", level: "info", message: reachable }, ...checks];
}

/** Replaces the adapter's hint about a server's ServiceAccount by one for a user. */
function forUser(check: Check): Check {
  if (check.hint?.startsWith("Bind ") !== true) return check;
  const hint =
    check.level === "error"
      ? "Ask an administrator to bind the ClusterRole edit to you in that namespace; the chart adds ClaudeRuns to it."
      : "Without it `why` and `logs --attempt` show less.";
  return { ...check, hint };
}

function linesOf({ terminal }: CommandContext, { level, message, hint }: Check): Line[] {
  const { mark, style } = marks[level];
  const [first = "", ...rest] = wrap(visibleLine(message), terminal.proseColumns - 2);
  return [
    [styled(style, mark), ` ${first}`],
    ...rest.map((line) => `  ${line}`),
    ...(hint === undefined ? [] : wrap(visibleLine(`→ ${hint}`), terminal.proseColumns - 2).map((line) => `  ${line}`)),
  ];
}
