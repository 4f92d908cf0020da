/** --resume-last: goes on in the session of the agent's newest finished run. */
import type { Connection } from "../../adapter/kubernetes/connection.ts";
import type { ClaudeRun, ClaudeRunSpec } from "../../crds/claude-run.ts";
import { isFinished, listRuns } from "../kubernetes/runs.ts";
import { Problem } from "../problem.ts";

/** What the new run takes over. */
export interface Continued {
  readonly name: string;
  readonly session: string;
  readonly workspace: ClaudeRunSpec["workspace"];
}

/** Throws a Problem if the agent has no run whose session could be continued. */
export async function lastSession(connection: Connection, namespace: string, agent: string): Promise<Continued> {
  const { items } = await listRuns(connection, { namespace, fieldSelector: `spec.agent=${agent}` });
  const ended = items.filter((run) => isFinished(run) && run.status?.session?.id !== undefined);
  const [last] = ended.toSorted((a, b) => endOf(b).localeCompare(endOf(a)));
  const session = last?.status?.session?.id;
  if (last === undefined || session === undefined) {
    throw new Problem(
      `agent ${agent} has no finished run with a session in namespace ${namespace}: leave out --resume-last`,
    );
  }
  return { name: last.metadata.name, session, workspace: last.spec.workspace };
}

function endOf({ status }: ClaudeRun): string {
  return status?.completionTime ?? "";
}
