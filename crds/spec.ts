/** The spec of a ClaudeRun: what is wanted. */
import * as z from "zod";
import { claudeSchema } from "./claude.ts";
import { changing, exactlyOneOf, immutable, obeying, type Rule, type TransitionRule } from "./rules.ts";
import { defaulted, integer, keySource, nestedName, object, objectName, text } from "./fields.ts";
import { dnsLabel, dollars, sessionId } from "./formats.ts";
import { podSchema } from "./pod.ts";
import { mountPath, pathInVolume } from "./volumes.ts";

const PROMPT_BYTES = 65_536;
const DAY = 86_400;
const MONTH = 30 * DAY;
const TEN_YEARS = 3650 * DAY;

const promptBytes: Rule<string> = {
  rule: `size(bytes(self)) <= ${PROMPT_BYTES}`,
  message: "must be at most 64 KiB of UTF-8: put a longer prompt into a Secret or ConfigMap and name it in promptFrom",
  holds: (prompt) => Buffer.byteLength(prompt) <= PROMPT_BYTES,
};

const cancelStays: TransitionRule = {
  rule: "self.cancel || !oldSelf.cancel",
  message: "cancel must stay true once it is: create a new run",
  fieldPath: ".cancel",
};

const session = object({
  resume: text({ max: 128 }, sessionId).describe("Id of the session to continue; it must exist on the workspace."),
  onMissing: defaulted(
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
    .describe("Keeps the workspace, and with it the sessions, beyond the run. Absent: an emptyDir.")
    .exactOptional(),
  mountPath: mountPath().describe("Where the container sees it. Default: a setting of the operator.").exactOptional(),
});

const fields = {
  agent: text({ max: 63 }, dnsLabel).describe(
    "Name of the agent. In a namespace at most one run of an agent is active; the others queue. A DNS label.",
  ),
  prompt: text({ max: PROMPT_BYTES }, promptBytes)
    .describe("What claude is asked, at most 64 KiB of UTF-8. Exactly one of prompt and promptFrom.")
    .exactOptional(),
  promptFrom: keySource()
    .describe(
      "The prompt as a key of a Secret or ConfigMap, at most 1 MiB; mounted as a file, never read by the operator.",
    )
    .exactOptional(),
  claude: claudeSchema.describe("Options of the Claude Code CLI, in its own words.").exactOptional(),
  session: session.describe("Continue an earlier session. Absent: a new session.").exactOptional(),
  credentialsSecretName: objectName(
    "Secret whose keys become variables of the container: ANTHROPIC_API_KEY, CLAUDE_CODE_OAUTH_TOKEN and so on.",
  ).exactOptional(),
  budget: object({
    maxCostUSD: text({ max: 16 }, dollars).describe('US dollars as a decimal string above zero, such as "2.50".'),
  })
    .describe("Ends the run with reason BudgetExceeded once it has spent this much; enforced while it runs.")
    .exactOptional(),
  concurrencyPolicy: defaulted(
    z
      .enum(["Queue", "Forbid", "Replace"])
      .describe(
        "If the agent has an unfinished run: Queue waits, Forbid fails with AgentBusy, Replace cancels it and older waiters.",
      ),
    "Queue",
  ),
  priority: defaulted(
    integer(-1_000_000_000, 1_000_000_000).describe("Order in the agent's queue: higher first, then older first."),
    0,
  ),
  suspend: defaulted(
    z.boolean().describe("Delays admission. A run that was admitted goes on; suspended time counts for its deadline."),
    false,
  ),
  cancel: defaulted(z.boolean().describe("Ends the run with phase Cancelled. Goes from false to true only."), false),
  cancelReason: text({ max: 256 }).describe("Who cancelled and why; shown in the Succeeded condition.").exactOptional(),
  queueDeadlineSeconds: integer(1, 365 * DAY)
    .describe(
      "Seconds from creation to admission, then reason QueueDeadlineExceeded. Suspended time counts. Default: none.",
    )
    .exactOptional(),
  startDeadlineSeconds: defaulted(
    integer(1, 7 * DAY).describe(
      "Seconds from admission to the runner's first line, then the pod's last known cause or StartDeadlineExceeded.",
    ),
    600,
  ),
  activeDeadlineSeconds: integer(1, MONTH)
    .describe("Seconds from the container's start to claude's end, then reason DeadlineExceeded. Default: none.")
    .exactOptional(),
  idleTimeoutSeconds: integer(1, MONTH)
    .describe(
      "Seconds without output of claude, then reason IdleTimeout, or NoOutput if there was none at all. The CLI may be " +
        "silent for 300 seconds on a stalled stream. Default: none.",
    )
    .exactOptional(),
  resultGracePeriodSeconds: defaulted(
    integer(1, DAY).describe(
      "Seconds that claude may live on after its last result while nothing of it runs in the background; the result stands.",
    ),
    30,
  ),
  terminationGracePeriodSeconds: integer(1, 3600)
    .describe("Seconds between TERM and KILL when claude is ended. Default: a setting of the operator.")
    .exactOptional(),
  disruptionRetries: defaulted(
    integer(0, 10).describe(
      "How many times the session is continued in a new pod after its pod was lost, drained, evicted or preempted.",
    ),
    0,
  ),
  clientLeaseName: objectName(
    "A Lease in the namespace that the client renews; when it expires the run is cancelled with reason ClientLost.",
  ).exactOptional(),
  podTTLSecondsAfterFinished: integer(0, TEN_YEARS)
    .describe(
      "Seconds after which Job, pod and log of a finished run are deleted, as it stood when the attempt's Job was made: " +
        "a later change counts for attempts to come. Default: a setting of the operator (a day).",
    )
    .exactOptional(),
  ttlSecondsAfterFinished: integer(0, TEN_YEARS)
    .describe(
      "Seconds after which a finished ClaudeRun itself is deleted. Default: it is kept, as the record of its cost.",
    )
    .exactOptional(),
  workspace: workspace
    .describe("The container's working directory and HOME. Absent: an emptyDir that ends with the pod.")
    .exactOptional(),
  pod: podSchema
    .describe("How the pod is made. Whatever is absent comes from the operator's configuration.")
    .exactOptional(),
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

/** Fields that every stored object has, because they are required or filled in. */
const alwaysPresent = (field: keyof typeof fields) => !(fields[field] instanceof z.ZodExactOptional);

export const specSchema = changing(
  obeying(object(fields), exactlyOneOf("prompt", "promptFrom")),
  ...immutableFields.map((field) =>
    immutable(field, alwaysPresent(field as keyof typeof fields) ? "always" : "optional"),
  ),
  cancelStays,
);
