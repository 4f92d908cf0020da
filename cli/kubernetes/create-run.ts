/** Creates a run from the command line, with errors in terms of its flags. */
import { randomUUID } from "node:crypto";
import { createRun, AlreadyExistsError, type NewRun } from "../../client/runs.ts";
import type { ClaudeRun } from "../../crds/claude-run.ts";
import { ApiError } from "../../kube/api-error.ts";
import type { Connection } from "../../kube/connection.ts";
import { CliError, serverMessage } from "../errors.ts";

/** Identifies the run of a request whose response was lost, among runs of the same name. */
const requestAnnotation = "kubectl-claude/request";

/** Creates the run, or lets the server validate it. Throws CliError if the name is taken or the run is rejected. */
export async function createNamedRun(
  connection: Connection,
  run: NewRun,
  { isDryRun = false } = {},
): Promise<ClaudeRun> {
  const { namespace, name, annotations } = run.metadata;
  const marked = { ...annotations, [requestAnnotation]: randomUUID() };
  try {
    const metadata = { ...run.metadata, annotations: marked };
    return await createRun(connection, { ...run, metadata }, { requestAnnotation: requestAnnotation, isDryRun });
  } catch (error) {
    if (error instanceof AlreadyExistsError)
      throw new CliError(`run ${name} already exists in namespace ${namespace}: choose another --name`, {
        cause: error,
      });
    if (error instanceof ApiError && (error.code === 422 || error.code === 400))
      throw new CliError(`the API server rejected the run: ${serverMessage(error)}`, { cause: error });
    throw error;
  }
}
