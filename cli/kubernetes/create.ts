/** Making a run, once, though the answer may be lost on the way. */
import { randomUUID } from "node:crypto";
import { ApiError } from "../../adapter/kubernetes/api-error.ts";
import type { Connection } from "../../adapter/kubernetes/connection.ts";
import { runPath, runsPath } from "../../adapter/kubernetes/paths.ts";
import type { ClaudeRun, ClaudeRunInput } from "../../crds/claude-run.ts";
import { Problem, saidBy } from "../problem.ts";

/** Tells a run that was made by a try whose answer was lost from somebody else's of the same name. */
const requestAnnotation = "kubectl-claude/request";

/** Creates it, or asks the server whether it would. Throws a Problem if the name is taken or the object refused. */
export async function createRun(
  connection: Connection,
  run: ClaudeRunInput & { readonly metadata: { readonly namespace: string } },
  { isTrial = false } = {},
): Promise<ClaudeRun> {
  const { namespace, name, annotations } = run.metadata;
  const request = randomUUID();
  const body = { ...run, metadata: { ...run.metadata, annotations: { ...annotations, [requestAnnotation]: request } } };
  try {
    const query = isTrial ? { dryRun: "All" } : {};
    return (await connection.request("POST", runsPath(namespace), { body, query })) as ClaudeRun;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.code === 422 || error.code === 400)
      throw new Problem(`the run was refused: ${saidBy(error)}`, { cause: error });
    if (error.code !== 409) throw error;
    const existing = (await connection.request("GET", runPath(namespace, name))) as ClaudeRun;
    if (existing.metadata.annotations?.[requestAnnotation] === request) return existing;
    throw new Problem(`a run ${name} exists in namespace ${namespace}: choose another --name`, { cause: error });
  }
}
