/** `doctor`: what a run needs of the cluster, checked one by one; the adapter's own checks, put for people. */
import { ApiError, words } from "../../adapter/kubernetes/api-error.ts";
import { failing, type Check } from "../../adapter/environment/check.ts";
import { crd, namespaceOf, operator, right } from "../../adapter/environment/cluster-checks.ts";
import type { Permission } from "../../adapter/environment/permissions.ts";
import type { Connection } from "../../adapter/kubernetes/connection.ts";
import { group, plural } from "../../crds/names.ts";
import { printValue } from "../output.ts";
import { movedFrom, type ServerPod } from "../moving/server-pod.ts";
import { exitCodes, misuse, Problem } from "../problem.ts";
import type { Session } from "../session.ts";
import { wrap } from "../terminal/cells.ts";
import type { Style } from "../terminal/terminal.ts";

/** What `doctor` takes beside the common flags. */
export interface DoctorOptions {
  readonly operatorLease: string;
  /** A server's pod from which an older adapter took what its agents needed. */
  readonly fromPod?: string;
}

const permission = (resource: string, verb: string, subresource?: string): Permission => ({
  group: resource === plural ? group : "",
  resource,
  verb,
  ...(subresource === undefined ? {} : { subresource }),
});
/** Without these verbs of ours fail. */
const needed: readonly Permission[] = [
  ...["get", "list", "watch", "create", "patch"].map((verb) => permission(plural, verb)),
  permission("pods", "get", "log"),
];
/** Without these some tell less. */
const useful: readonly Permission[] = [
  { ...permission("pods", "list"), isForTests: true },
  { ...permission("events", "list"), isForTests: true },
];

const marks: Readonly<Record<Check["level"], { readonly mark: string; readonly style: Style }>> = {
  info: { mark: "✓", style: "green" },
  warn: { mark: "!", style: "yellow" },
  error: { mark: "✗", style: "red" },
};

/** Exit code 1 if a run could not work. */
export async function doctor(session: Session, { operatorLease, fromPod }: DoctorOptions): Promise<number> {
  if (fromPod !== undefined) return tellMoved(session, fromPod);
  if (!/^[^/]+\/[^/]+$/.test(operatorLease)) throw misuse(`--operator-lease ${operatorLease}: must be NAMESPACE/NAME`);
  const { terminal, options } = session;
  const checks = await checksOf(session.connection, session.namespace, operatorLease);
  if (options.output === "json" || options.output === "yaml") printValue(terminal, options.output, checks);
  else for (const check of checks) for (const line of linesOf(session, check)) terminal.say(line);
  return checks.some(({ level }) => level === "error") ? exitCodes.problem : 0;
}

/** What the pod's agents would miss, as values of the chart and keys of the adapter. */
async function tellMoved({ connection, namespace, options, terminal }: Session, name: string): Promise<number> {
  const path = `/api/v1/namespaces/${namespace}/pods/${encodeURIComponent(name)}`;
  const pod = await connection.request("GET", path).catch((error: unknown) => {
    if (!(error instanceof ApiError) || error.code !== 404) throw error;
    throw new Problem(`there is no pod ${name} in namespace ${namespace}: name the server's, and its namespace by -n`);
  });
  const moved = movedFrom(pod as ServerPod);
  if (options.output === "json" || options.output === "yaml") {
    printValue(terminal, options.output, moved);
    return 0;
  }
  terminal.say("# values of the chart claude-run-operator");
  printValue(terminal, "yaml", moved.values);
  terminal.say("\n# configuration of each agent");
  printValue(terminal, "yaml", moved.config);
  if (moved.left.length > 0) terminal.say("");
  for (const each of moved.left) for (const line of wrap(each, terminal.proseColumns - 2)) terminal.say(`# ${line}`);
  return 0;
}

async function checksOf(connection: Connection, namespace: string, operatorLease: string): Promise<Check[]> {
  try {
    await connection.once("GET", "/version");
  } catch (error) {
    const hint = "Check --context and --kubeconfig, and that the cluster is up.";
    return [failing("k8s_api_unreachable", `The Kubernetes API can't be reached: ${words(error)}`, hint)];
  }
  const asked = [...needed, ...useful];
  const later = await Promise.all([
    crd(connection),
    operator(connection, { operatorLease }),
    namespaceOf(connection, namespace),
    ...asked.map(async (each) => forPeople(await right(connection, namespace, each))),
  ]);
  const reachable = `The Kubernetes API answers at ${connection.server}.`;
  return [{ code: "k8s_api_reachable", level: "info", message: reachable }, ...later];
}

/** The adapter's advice speaks of a server's account; here it is a person's. */
function forPeople(check: Check): Check {
  if (check.hint?.startsWith("Bind ") !== true) return check;
  const hint =
    check.level === "error"
      ? "Have somebody bind the ClusterRole edit to you in that namespace (the chart adds ClaudeRuns to it)."
      : "why and logs --attempt tell less without it.";
  return { ...check, hint };
}

function linesOf({ terminal }: Session, { level, message, hint }: Check): string[] {
  const { mark, style } = marks[level];
  const [first = "", ...rest] = wrap(message, terminal.proseColumns - 2);
  return [
    `${terminal.paint(style, mark)} ${first}`,
    ...rest.map((line) => `  ${line}`),
    ...(hint === undefined || hint === null
      ? []
      : wrap(`→ ${hint}`, terminal.proseColumns - 2).map((line) => `  ${line}`)),
  ];
}
