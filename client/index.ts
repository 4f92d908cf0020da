/** The published API: everything else is internal. */
export {
  ClaudeRuns,
  RunDeletedError,
  type ConnectOptions,
  type Cost,
  type LogListener,
  type RunRequest,
} from "./claude-runs.ts";
export { AlreadyExistsError } from "./runs.ts";
export { ApiError } from "../kube/api-error.ts";
export { KubeconfigError } from "../kube/errors.ts";
export type { ClaudeRun, ClaudeRunInput } from "../crds/claude-run.ts";
