/** The spec of a ClaudeRun: the desired state. */
import * as z from "zod";
import { claudeSchema } from "./claude.ts";
import { untrustedStaysUntrusted } from "./extra-args.ts";
import { withTransitionRules, exactlyOneOf, immutable, withRules, type Rule, type TransitionRule } from "./rules.ts";
import {
  defaultByOperator,
  withDefault,
  withOperatorDefault,
  integer,
  keySource,
  nestedName,
  object,
  objectName,
  text,
} from "./fields.ts";
import { dnsLabel, dollars, sessionId } from "./formats.ts";
import { podSchema } from "./pod.ts";
import { mountPath, pathInVolume } from "./volumes.ts";

const PROMPT_BYTES = 65_536;
const DAY = 86_400;
const MONTH = 30 * DAY;
const TEN_YEARS = 3650 * DAY;

/** Defaults that the operator applies; the API server does not fill them in. */
export const operatorDefaults = { backgroundGracePeriodSeconds: 600, sidecarGraceSeconds: 30 } as const;

const promptBytes: Rule<string> = {
  rule: `size(bytes(self)) <= ${PROMPT_BYTES}`,
  message: "must be at most 64 KiB of UTF-8: put a longer prompt into a Secret or ConfigMap and name it in promptFrom",
  isValid: (prompt) => Buffer.byteLength(prompt) <= PROMPT_BYTES,
};

const cancelIsFinal: TransitionRule = {
  rule: "self.cancel || !oldSelf.cancel",
  message: "cancel must not be reset to false: create a new run",
  fieldPath: ".cancel",
};

const session = object({
  resume: text({ max: 128 }, sessionId).describe("Id of the session to continue; it must exist on the workspace."),
  onMissing: withDefault(
    z
      .enum(["Fail", "StartNew"])
      .describe("If the workspace has no such session: Fail with reason SessionNotFound, or StartNew."),
    "Fail",
  ),
});

const workspace = object({
  persistentVolumeClaim: object({
    claimName: nestedName().describe("Name of the claim."),
    subPath: pathInVolume().describe("Directory in the volume. Default: its root.").exactOptional(),
  })
    .describe("Keeps the workspace and its sessions after the run. Absent: an emptyDir.")
    .exactOptional(),
  mountPath: mountPath().describe("Mount path of the workspace. Default: a setting of the operator.").exactOptional(),
  trust: z
    .boolean()
    .describe(
      "False: claude ignores the workspace's own settings and MCP servers (.claude, .mcp.json, HOME). These would " +
        "otherwise receive the credentials before the model's first output. Default: true.",
    )
    .exactOptional(),
});

const fields = {
  agent: text({ max: 63 }, dnsLabel).describe(
    "Name of the agent, a DNS label. At most one run of an agent is active in a namespace; the others queue.",
  ),
  prompt: text({ max: PROMPT_BYTES }, promptBytes)
    .describe("The prompt for claude, at most 64 KiB of UTF-8. Exactly one of prompt and promptFrom.")
    .exactOptional(),
  promptFrom: keySource()
    .describe(
      "The prompt in a key of a Secret or ConfigMap, at most 1 MiB. It is mounted as a file; the operator never reads it.",
    )
    .exactOptional(),
  claude: claudeSchema.describe("Options of the Claude Code CLI, named as the CLI names them.").exactOptional(),
  session: session.describe("Continue an earlier session. Absent: a new session.").exactOptional(),
  credentialsSecretName: objectName(
    "Secret whose keys become variables of the container, for example ANTHROPIC_API_KEY or CLAUDE_CODE_OAUTH_TOKEN.",
  ).exactOptional(),
  budget: object({
    maxCostUSD: text({ max: 16 }, dollars).describe('US dollars as a decimal string above zero, such as "2.50".'),
  })
    .describe("Stops the run with reason BudgetExceeded once it has spent this much. Enforced while it runs.")
    .exactOptional(),
  concurrencyPolicy: withDefault(
    z
      .enum(["Queue", "Forbid", "Replace"])
      .describe(
        "If the agent has an unfinished run: Queue waits, Forbid fails with AgentBusy, Replace cancels it and older queued runs.",
      ),
    "Queue",
  ),
  priority: withDefault(
    integer(-1_000_000_000, 1_000_000_000).describe(
      "Order in the agent's queue: higher first, then older first. If maxActiveRuns limits runs, the same order applies in a " +
        "namespace; namespaces take turns regardless of priority.",
    ),
    0,
  ),
  suspend: withDefault(
    z
      .boolean()
      .describe("Delays admission. An admitted run continues. Suspended time counts for queueDeadlineSeconds."),
    false,
  ),
  cancel: withDefault(
    z.boolean().describe("Stops the run with phase Cancelled. Can change from false to true only."),
    false,
  ),
  cancelReason: text({ max: 256 })
    .describe("Author and reason of the cancellation; shown in the Succeeded condition.")
    .exactOptional(),
  queueDeadlineSeconds: integer(1, 365 * DAY)
    .describe(
      "Seconds from creation to admission, then reason QueueDeadlineExceeded. Suspended time counts. Default: no limit.",
    )
    .exactOptional(),
  startDeadlineSeconds: withDefault(
    integer(1, 7 * DAY).describe(
      "Seconds from admission to the runner's first line, then the pod's last known reason or StartDeadlineExceeded.",
    ),
    600,
  ),
  activeDeadlineSeconds: integer(1, MONTH)
    .describe("Seconds from the container's start to claude's end, then reason DeadlineExceeded. Default: no limit.")
    .exactOptional(),
  idleTimeoutSeconds: integer(1, MONTH)
    .describe(
      "Seconds without output of claude, then reason IdleTimeout, or NoOutput if there was no output at all. The CLI may be " +
        "silent for 300 seconds on a stalled stream. Default: no limit.",
    )
    .exactOptional(),
  resultGracePeriodSeconds: withDefault(
    integer(1, DAY).describe(
      "Seconds that claude may keep running after its last result without background tasks; then it is stopped. The result " +
        "is kept.",
    ),
    30,
  ),
  backgroundGracePeriodSeconds: withOperatorDefault(
    integer(1, MONTH).describe(
      "Seconds that claude may be silent after its last result while its background tasks run; then it is stopped. The " +
        "result is kept.",
    ),
    operatorDefaults.backgroundGracePeriodSeconds,
  ),
  terminationGracePeriodSeconds: integer(1, 3600)
    .describe("Seconds between TERM and KILL when claude is stopped. Default: a setting of the operator.")
    .exactOptional(),
  sidecarGraceSeconds: withOperatorDefault(
    integer(0, DAY).describe(
      "Seconds that injected containers, such as a service mesh's proxy, may keep running once claude has ended. Then the " +
        "kubelet stops the pod and keeps its log. The agent's next run waits until the pod has ended.",
    ),
    operatorDefaults.sidecarGraceSeconds,
  ),
  disruptionRetries: withDefault(
    integer(0, 10).describe(
      "How many times the session is continued in a new pod after the pod was lost, drained, evicted or preempted.",
    ),
    0,
  ),
  clientLeaseName: objectName(
    "A Lease in the namespace that the client renews. When it expires, the run is cancelled with reason ClientLost.",
  ).exactOptional(),
  podTTLSecondsAfterFinished: integer(0, TEN_YEARS)
    .describe(
      "Seconds after which Job, pod and log of a finished run are deleted. The value at the creation of the attempt's Job " +
        "counts; a later change applies to later attempts. Default: a setting of the operator (a day).",
    )
    .exactOptional(),
  ttlSecondsAfterFinished: integer(0, TEN_YEARS)
    .describe(
      "Seconds after which a finished ClaudeRun itself is deleted. Default: it is kept as the record of its cost.",
    )
    .exactOptional(),
  workspace: workspace
    .describe("The container's working directory and HOME. Absent: an emptyDir that is deleted with the pod.")
    .exactOptional(),
  pod: podSchema.describe("Settings of the pod. Defaults come from the operator's configuration.").exactOptional(),
};

/** The fields of spec that may change after creation. */
export const mutableFields: ReadonlySet<string> = new Set([
  "suspend",
  "cancel",
  "cancelReason",
  "priority",
  "podTTLSecondsAfterFinished",
  "ttlSecondsAfterFinished",
]);

/** The fields of spec that never change. */
export const immutableFields: readonly string[] = Object.keys(fields).filter((field) => !mutableFields.has(field));

/** True for a field that every stored object has, because it is required or the API server fills it in. */
const alwaysPresent = (field: keyof typeof fields) =>
  !(fields[field] instanceof z.ZodExactOptional) && fields[field].meta()?.[defaultByOperator] !== true;

export const specSchema = withTransitionRules(
  withRules(object(fields), exactlyOneOf("prompt", "promptFrom"), untrustedStaysUntrusted),
  ...immutableFields.map((field) =>
    immutable(field, alwaysPresent(field as keyof typeof fields) ? "always" : "optional"),
  ),
  cancelIsFinal,
);
