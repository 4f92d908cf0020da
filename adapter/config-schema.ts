/** The form of an agent's configuration. What the host's own form asks for (model, effort, timeout, …) is not asked twice. */
import type { AdapterConfigSchema, ConfigFieldSchema } from "@paperclipai/adapter-utils";

type Field = ConfigFieldSchema;

const text = (key: string, label: string, hint: string): Field => ({ key, label, type: "text", hint });
const area = (key: string, label: string, hint: string): Field => ({ key, label, type: "textarea", hint });
const amount = (key: string, label: string, hint: string): Field => ({ key, label, type: "number", hint });
const choice = (key: string, label: string, values: readonly string[], hint: string): Field => ({
  key,
  label,
  type: "select",
  options: values.map((value) => ({ label: value, value })),
  hint,
});

/** Every key that is read and that the host does not ask for itself. */
export const configSchema: AdapterConfigSchema = {
  fields: [
    text("namespace", "Namespace", "Where the ClaudeRuns are made. Default: the server's own."),
    text("image", "Image", "An image with node 20 or newer and claude. Default: the operator's run.image."),
    choice("imagePullPolicy", "Image pull policy", ["IfNotPresent", "Always", "Never"], "Default: the operator's."),
    area("imagePullSecrets", "Image pull secrets", "Names, one per line. Default: the operator's."),
    text(
      "credentialsSecretName",
      "Credentials Secret",
      "Its keys become variables: ANTHROPIC_API_KEY or CLAUDE_CODE_OAUTH_TOKEN.",
    ),
    text("serviceAccountName", "Service account", "Of the agent's pod. Default: the operator's."),
    text("kubeconfig", "Kubeconfig", "A file on the server. Default: the server's own account in the cluster."),
    text(
      "paperclipApiUrl",
      "Paperclip URL for pods",
      "How a pod reaches this server. Default: PAPERCLIP_API_URL of the server.",
    ),
    text(
      "operatorLease",
      "Operator's Lease",
      "NAMESPACE/NAME: its release. Only the environment's test reads it. Default: claude-run-system/claude-run.",
    ),
    text(
      "workspaceVolumeClaim",
      "Workspace claim",
      "A PersistentVolumeClaim that keeps workspace and sessions. Without one each run begins anew.",
    ),
    text("workspaceSubPath", "Directory on the claim", "Default: one for each company and agent."),
    text("workspaceMountPath", "Workspace path", "In the pod. Default: /workspace."),
    amount("maxTurnsPerRun", "Max turns", "0: unlimited."),
    text("maxCostUSD", "Max cost in USD", 'Ends the run, for instance "2.50". Default: none.'),
    choice(
      "concurrencyPolicy",
      "If the agent is busy",
      ["Queue", "Forbid", "Replace"],
      "Queue waits, Forbid fails with k8s_concurrent_run_blocked, Replace cancels the other run.",
    ),
    text("resources.requests.cpu", "CPU request", "For instance 500m."),
    text("resources.requests.memory", "Memory request", "For instance 1Gi."),
    text("resources.limits.cpu", "CPU limit", "For instance 2."),
    text("resources.limits.memory", "Memory limit", "For instance 4Gi; above it the run ends."),
    area("nodeSelector", "Node selector", "Lines of name=value, or JSON."),
    area("tolerations", "Tolerations", "Lines of key=value:Effect, or a JSON list."),
    area("labels", "Labels", "On Job and pod. Lines of name=value, or JSON."),
    area("mcpServers", "MCP servers", "JSON as in mcp.json's mcpServers."),
    area("extraArgs", "More arguments of claude", "One per line; options with a field of their own are refused."),
    amount(
      "podScheduleTimeoutSec",
      "Scheduling timeout",
      "Seconds; with the start timeout it is the start deadline. Default: the operator's.",
    ),
    amount("podStartTimeoutSec", "Start timeout", "Seconds for image and start."),
    amount("idleTimeoutSec", "Idle timeout", "Seconds without output. Default: none."),
    amount("disruptionRetries", "Retries after disruptions", "How often a lost or evicted pod's session is continued."),
    { key: "freshSessionOnMissing", label: "New session if the old one is missing", type: "toggle", default: true },
    amount("ttlSecondsAfterFinished", "Keep pods for", "Seconds after the end. Default: the operator's."),
    {
      key: "retainJobs",
      label: "Keep pods",
      type: "toggle",
      default: false,
      hint: "For as long as the operator keeps them.",
    },
  ],
};

/** The same for agents that configure agents. */
export const configurationDoc = [
  "# claude_k8s",
  "",
  "Runs the agent as a ClaudeRun on Kubernetes. Keys of adapterConfig:",
  "",
  "- model, effort, instructionsFilePath, timeoutSec, graceSec (at most 40), dangerouslySkipPermissions, env, promptTemplate,",
  "  bootstrapPromptTemplate: as for other Claude adapters",
  ...configSchema.fields.map(({ key, label, hint }) => `- ${key}: ${label}.${hint === undefined ? "" : ` ${hint}`}`),
].join("\n");
