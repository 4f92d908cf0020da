/**
 * The operator's configuration: a YAML file and environment variables with one schema. The setting runMountPath of the
 * file is RUN_MOUNT_PATH in the environment, which wins. To add a setting, add it to `schema`.
 */
import * as z from "zod";
import { compact } from "../crds/json.ts";
import { containerSecurityContextSchema, podSecurityContextSchema } from "../crds/security-context.ts";
import type { Settings } from "./domain.ts";
import { nearest } from "./suggest.ts";
import type { PodDefaults } from "./plan/job.ts";

/** Converts the text of an environment variable first, so that one schema serves file and environment. */
const fromText = <S extends z.ZodType>(read: (text: string) => unknown, schema: S) =>
  z.preprocess((given) => (typeof given === "string" ? read(given) : given), schema);

function whole(min: number, max = Number.MAX_SAFE_INTEGER) {
  const error =
    max === Number.MAX_SAFE_INTEGER ? `a whole number, at least ${min}` : `a whole number, ${min} to ${max}`;
  const allowed = { error: `must be ${error}` };
  return fromText(
    (text) => (text.trim() === "" ? text : Number(text)),
    z.int(allowed).min(min, allowed).max(max, allowed),
  );
}

const text = (error: string) => z.string({ error }).min(1, error);
const name = text("must be a name").regex(
  /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/,
  "must be a name: lower case letters, digits, '-' and '.'",
);
const names = fromText(
  (given) =>
    given
      .split(",")
      .map((part) => part.trim())
      .filter((part) => part !== ""),
  z
    .array(name, { error: "must be a list of names (in the environment: separated by commas)" })
    .transform((given) => [...new Set(given)]),
);

const limit = whole(1).optional();

/** Kubernetes stores the seconds of Jobs and pods in 32 bits. */
const maxSeconds = 2 ** 31 - 1;
const deadline = whole(1, maxSeconds).optional();

const flag = fromText(
  (given) => (given === "true" || given === "false" ? given === "true" : given),
  z.boolean({ error: "must be true or false" }),
);

const oneOf = <const T extends readonly [string, ...string[]]>(...words: T) =>
  z.enum(words, { error: `must be one of ${words.join(", ")}` });

const quantities = z.record(z.string(), z.string({ error: 'must be a quantity in quotes, such as "500m"' }));
const allowedResources = "must be requests and limits of quantities (in the environment: as JSON)";
const resources = fromText(
  asJson,
  z.strictObject(
    { requests: quantities.optional(), limits: quantities.optional() },
    {
      error: ({ code, keys }) =>
        code === "unrecognized_keys" ? `has an unknown field ${String(keys)}: ${allowedResources}` : allowedResources,
    },
  ),
);

/** Returns invalid JSON as text, which the schemas of objects reject. */
function asJson(given: string): unknown {
  try {
    return JSON.parse(given);
  } catch {
    return given;
  }
}

/** Every setting with its values, its default and its description. docs/configuration.md is generated from this. */
export const schema = {
  runImage: text("must name the agent image: node 20 or newer and claude on its PATH").describe(
    "Default agent image; it needs node 20 or newer and claude on its PATH.",
  ),
  runImagePullPolicy: oneOf("Always", "IfNotPresent", "Never")
    .optional()
    .describe("Image pull policy of the agent container."),
  runImagePullSecrets: names.default([]).describe("Default pull secrets; they must exist in the run's namespace."),
  runCredentialsSecretName: name
    .optional()
    .describe("Secret in the run's namespace for runs that name no credentials; absent: none."),
  runServiceAccount: name.optional().describe("Default ServiceAccount of a run's pod; its token is never mounted."),
  runResources: resources.optional().describe("Default requests and limits of a run."),
  runMountPath: z
    .string({ error: "must be an absolute path" })
    .startsWith("/", "must be an absolute path")
    .default("/workspace")
    .describe("Working directory of claude; HOME is below it."),
  runTerminationGracePeriodSeconds: whole(0, maxSeconds)
    .default(30)
    .describe("Default time between SIGTERM and SIGKILL."),
  runPodTTLSecondsAfterFinished: whole(0, maxSeconds)
    .default(86_400)
    .describe("Default time for which Job, pod and log of a finished run are kept."),
  runActiveDeadlineSeconds: deadline.describe("Default time that claude may run; absent: no limit."),
  runIdleTimeoutSeconds: deadline.describe("Default time that claude may be silent; absent: no limit."),
  runQueueDeadlineSeconds: deadline.describe("Default time that a run may wait in the queue; absent: no limit."),
  runTTLSecondsAfterFinished: whole(0, maxSeconds)
    .optional()
    .describe("Default time for which a finished ClaudeRun is kept; absent: no limit."),
  runSecurityContext: fromText(asJson, podSecurityContextSchema)
    .optional()
    .describe("Fields of the pod's security context that override the operator's; a run's own override both."),
  runContainerSecurityContext: fromText(asJson, containerSecurityContextSchema)
    .optional()
    .describe("The same for the container's security context."),
  watchNamespaces: names.default([]).describe("Namespaces that the operator watches; empty: all."),
  admission: oneOf("open", "paused")
    .default("open")
    .describe("While paused, no run is admitted; active runs continue."),
  maxActiveRuns: limit.describe("Maximum number of active runs in all namespaces; absent: no limit."),
  maxActiveRunsPerNamespace: limit.describe("Maximum number of active runs per namespace; absent: no limit."),
  historyLimit: limit.describe("Number of finished runs kept per agent; absent: all."),
  reportLogsGone: flag
    .default(true)
    .describe("Whether LogsAvailable of a finished run turns False when its pod is deleted."),
  progressIntervalSeconds: whole(0)
    .refine((seconds) => seconds === 0 || seconds >= 15, "must be 0 or a whole number, at least 15")
    .default(15)
    .describe("Least time between two reads of a running run's log for its progress; 0: never."),
  workers: whole(1, 64).default(12).describe("Number of agents that are reconciled at the same time."),
  leaseNamespace: name
    .optional()
    .describe("Namespace of the Lease for leader election; absent: no election, this replica leads."),
  leaseName: name.default("claude-run-operator").describe("Name of the Lease for leader election."),
  logLevel: oneOf("debug", "info", "warn", "error").default("info").describe("Minimum log level."),
  healthPort: whole(0, 65_535).default(8080).describe("Port of probes and metrics; 0: any free port."),
  runnerFile: text("must be a path")
    .optional()
    .describe("Path of the bundled runner; absent: runner.mjs next to the operator's bundle."),
};

type SettingName = keyof typeof schema;
type Outputs = { [Name in SettingName]: z.output<(typeof schema)[Name]> };
type Optional = { [Name in SettingName]: undefined extends Outputs[Name] ? Name : never }[SettingName];
type Values = Readonly<Omit<Outputs, Optional> & { [Name in Optional]?: Exclude<Outputs[Name], undefined> }>;

/** All settings by name, and two groups of them in the shape that the operator's parts need. */
export interface Config extends Values {
  readonly defaults: PodDefaults;
  readonly settings: Settings;
}

/** The message has one line for each mistake in file and environment. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/** A setting's name in the environment: runPodTTLSeconds is RUN_POD_TTL_SECONDS. */
export function variableOf(setting: string): string {
  return setting
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replace(/([A-Z])([A-Z][a-z])/g, "$1_$2")
    .toUpperCase();
}

/**
 * Reads the configuration; throws ConfigError with all mistakes. `load` reads the YAML file that CONFIG_FILE names.
 * Empty variables count as absent, because charts write empty values.
 */
export function readConfig(
  environment: Readonly<Record<string, string | undefined>>,
  load: (path: string) => unknown,
): Config {
  const mistakes: string[] = [];
  const file = readFile(environment["CONFIG_FILE"] ?? "", load, mistakes);
  const values: Record<string, unknown> = {};
  const put = (setting: string, value: unknown): void => {
    if (value !== undefined) values[setting] = value;
  };
  for (const setting of Object.keys(schema) as SettingName[]) {
    const parse = (at: (path: PropertyKey[]) => string, given: unknown): unknown => {
      const parsed = schema[setting].safeParse(given);
      for (const { path, message } of parsed.error?.issues ?? []) {
        mistakes.push(`${at(path)}: ${message}${path.length === 0 ? currentValue(given) : ""}`);
      }
      return parsed.data;
    };
    const variable = variableOf(setting);
    const given = environment[variable] ?? "";
    const inFile = file[setting] ?? undefined;
    // Values that the environment overrides are validated as well.
    if (inFile !== undefined)
      put(
        setting,
        parse((path) => `${[setting, ...path].join(".")} (file)`, inFile),
      );
    if (given !== "" || inFile === undefined) {
      put(
        setting,
        parse((path) => [variable, ...path].join("."), given === "" ? undefined : given),
      );
    }
  }
  if (mistakes.length > 0) throw new ConfigError(`Invalid configuration:\n  ${mistakes.join("\n  ")}`);
  return Object.freeze(withGroups(values as unknown as Values));
}

function currentValue(given: unknown): string {
  if (given === undefined) return "";
  const text = JSON.stringify(given);
  return `, not ${text.length > 60 ? `${text.slice(0, 60)}…` : text}`;
}

/** The settings of the file. An unknown name is a mistake. */
function readFile(path: string, load: (path: string) => unknown, mistakes: string[]): Record<string, unknown> {
  if (path === "") return {};
  const content = z.record(z.string(), z.unknown(), { error: "must be a mapping of settings to values" });
  try {
    const file = content.parse(load(path));
    const known = Object.keys(schema);
    for (const key of Object.keys(file).filter((each) => !known.includes(each))) {
      mistakes.push(`${key} (file): unknown setting, did you mean ${nearest(key, known)}?`);
    }
    return file;
  } catch (error) {
    const { message } = error instanceof z.ZodError ? (error.issues[0] ?? error) : (error as Error);
    mistakes.push(`CONFIG_FILE: cannot read ${path}: ${message.split("\n")[0] ?? ""}`);
    return {};
  }
}

function withGroups(values: Values): Config {
  const spec = compact({
    activeDeadlineSeconds: values.runActiveDeadlineSeconds,
    idleTimeoutSeconds: values.runIdleTimeoutSeconds,
    queueDeadlineSeconds: values.runQueueDeadlineSeconds,
    ttlSecondsAfterFinished: values.runTTLSecondsAfterFinished,
  });
  const defaults: PodDefaults = {
    spec,
    image: values.runImage,
    imagePullSecrets: values.runImagePullSecrets,
    mountPath: values.runMountPath,
    terminationGracePeriodSeconds: values.runTerminationGracePeriodSeconds,
    podTTLSecondsAfterFinished: values.runPodTTLSecondsAfterFinished,
    ...compact({
      imagePullPolicy: values.runImagePullPolicy,
      credentialsSecretName: values.runCredentialsSecretName,
      serviceAccountName: values.runServiceAccount,
      resources: values.runResources as PodDefaults["resources"],
      securityContext: values.runSecurityContext,
      containerSecurityContext: values.runContainerSecurityContext,
    }),
  };
  return { ...values, defaults, settings: { ...values, admission: values.admission === "open" } };
}
