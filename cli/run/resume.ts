/** --resume-last: finds the session of the agent's newest finished run. */
import type { Connection } from "../../kube/connection.ts";
import type { ClaudeRun, ClaudeRunSpec } from "../../crds/claude-run.ts";
import { listRuns } from "../../client/list-runs.ts";
import { isFinished } from "../../crds/finished.ts";
import { CliError } from "../errors.ts";
import { isSessionId } from "../../client/copy-spec.ts";

/** The parts that the new run takes over. */
export interface LastSession {
  readonly name: string;
  readonly session: string;
  readonly workspace: ClaudeRunSpec["workspace"];
  readonly credentials: ClaudeRunSpec["credentialsSecretName"];
}

/** Returns the newest session. Throws CliError if no finished run of the agent has one. */
export async function lastSession(connection: Connection, namespace: string, agent: string): Promise<LastSession> {
  const { items } = await listRuns(connection, { namespace, fieldSelector: `spec.agent=${agent}` });
  const finished = items.filter((run) => isFinished(run) && isSessionId(run.status?.session?.id));
  const [last] = finished.toSorted((a, b) => endOf(b).localeCompare(endOf(a)));
  const session = last?.status?.session?.id;
  if (last === undefined || session === undefined) {
    throw new CliError(
      `agent ${agent} has no finished run with a session in namespace ${namespace}: leave out --resume-last`,
    );
  }
  const { workspace, credentialsSecretName: credentials } = last.spec;
  return { name: last.metadata.name, session, workspace, credentials };
}

function endOf({ status }: ClaudeRun): string {
  return status?.completionTime ?? "";
}
