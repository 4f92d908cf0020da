/** The form of an agent's configuration, without the fields of the host's own form (model, effort, timeout, …). */
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

/** All keys of the adapter that the host's own form does not have. */
export const configSchema: AdapterConfigSchema = {
  fields: [
    text("namespace", "Namespace", "Namespace of the ClaudeRuns. Default: the server's own."),
    text("image", "Image", "Image with node 20 or newer and claude. Default: the operator's run.image."),
    choice("imagePullPolicy", "Image pull policy", ["IfNotPresent", "Always", "Never"], "Default: the operator's."),
    area("imagePullSecrets", "Image pull secrets", "Names, one per line. Default: the operator's."),
    text(
      "credentialsSecretName",
      "Credentials Secret",
      "Its keys become environment variables: ANTHROPIC_API_KEY or CLAUDE_CODE_OAUTH_TOKEN.",
    ),
    text("serviceAccountName", "Service account", "ServiceAccount of the agent's pod. Default: the operator's."),
    text(
      "kubeconfig",
      "Kubeconfig",
      "Name of a file in the server's CLAUDERUN_KUBECONFIG_DIR. Default: the server's own ServiceAccount.",
    ),
    text(
      "paperclipApiUrl",
      "Paperclip URL for pods",
      "URL by which pods reach this server. Default: PAPERCLIP_API_URL of the server.",
    ),
    text(
      "operatorLease",
      "Operator's Lease",
      'NAMESPACE/NAME of the operator\'s Lease, for "Test environment" only. Default: claude-run-system/claude-run.',
    ),
    text(
      "workspaceVolumeClaim",
      "Workspace claim",
      "PersistentVolumeClaim that keeps workspace and sessions. Without one, each run starts empty.",
    ),
    text("workspaceSubPath", "Directory on the claim", "Default: one directory for each company and agent."),
    text("workspaceMountPath", "Workspace path", "Path in the pod. Default: /workspace."),
    amount("maxTurnsPerRun", "Max turns", "Maximum number of model calls. 0: unlimited."),
    text("maxCostUSD", "Max cost in USD", 'Stops the run at this cost, for example "2.50". Default: none.'),
    choice(
      "concurrencyPolicy",
      "If the agent is busy",
      ["Queue", "Forbid", "Replace"],
      "Queue waits, Forbid fails with k8s_concurrent_run_blocked, Replace cancels the active run.",
    ),
    text("resources.requests.cpu", "CPU request", "For example 500m."),
    text("resources.requests.memory", "Memory request", "For example 1Gi."),
    text("resources.limits.cpu", "CPU limit", "For example 2."),
    text("resources.limits.memory", "Memory limit", "For example 4Gi. A run that needs more is killed."),
    area("nodeSelector", "Node selector", "Lines of name=value, or JSON."),
    area("tolerations", "Tolerations", "Lines of key=value:Effect, or a JSON list."),
    area("labels", "Labels", "Labels of Job and pod. Lines of name=value, or JSON."),
    area("mcpServers", "MCP servers", "JSON, as mcpServers in mcp.json."),
    area("extraArgs", "Extra claude arguments", "One per line. Options that have their own field are rejected."),
    amount(
      "podScheduleTimeoutSec",
      "Scheduling timeout",
      "Seconds. The start deadline is the sum of this and the start timeout. Default: the operator's.",
    ),
    amount("podStartTimeoutSec", "Start timeout", "Seconds to pull the image and start."),
    amount("idleTimeoutSec", "Idle timeout", "Seconds without output after which claude is stopped. Default: none."),
    amount(
      "disruptionRetries",
      "Retries after disruptions",
      "How often a session is continued after a pod was lost or evicted.",
    ),
    {
      key: "freshSessionOnMissing",
      label: "Start a new session if the old one is missing",
      type: "toggle",
      default: true,
    },
    amount("ttlSecondsAfterFinished", "Keep pods for", "Seconds after the end of the run. Default: the operator's."),
    {
      key: "retainJobs",
      label: "Keep pods",
      type: "toggle",
      default: false,
      hint: "Use the operator's TTL instead of the one above.",
    },
  ],
};

/** The same as text, for agents that configure agents. */
export const configurationDoc = [
  "# claude_k8s",
  "",
  "Runs the agent as a ClaudeRun on Kubernetes. Keys of adapterConfig:",
  "",
  "- model, effort, instructionsFilePath, timeoutSec, graceSec (at most 40), dangerouslySkipPermissions, env, promptTemplate,",
  "  bootstrapPromptTemplate: as for other Claude adapters",
  ...configSchema.fields.map(({ key, label, hint }) => `- ${key}: ${label}.${hint === undefined ? "" : ` ${hint}`}`),
].join("\n");
