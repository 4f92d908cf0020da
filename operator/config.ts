/**
 * The operator's configuration: a YAML file and environment variables, by one schema. A setting named runMountPath in the
 * file is RUN_MOUNT_PATH in the environment, which wins. To add a setting, add its line to `schema`.
 */
import * as z from "zod";
import { containerSecurityContextSchema, podSecurityContextSchema } from "../crds/security-context.ts";
import type { Settings } from "./domain.ts";
import { nearest } from "./nearest.ts";
import type { PodDefaults } from "./plan/job.ts";

/** Environment variables are text: what is no text is read out of it, so that one schema serves both. */
const fromText = <S extends z.ZodType>(read: (text: string) => unknown, schema: S) =>
  z.preprocess((given) => (typeof given === "string" ? read(given) : given), schema);

function whole(least: number, most = Number.MAX_SAFE_INTEGER) {
  const error =
    most === Number.MAX_SAFE_INTEGER ? `a whole number from ${least}` : `a whole number from ${least} to ${most}`;
  const allowed = { error: `must be ${error}` };
  return fromText(
    (text) => (text.trim() === "" ? text : Number(text)),
    z.int(allowed).min(least, allowed).max(most, allowed),
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
        code === "unrecognized_keys" ? `has no ${String(keys)}: ${allowedResources}` : allowedResources,
    },
  ),
);

/** What is no JSON stays text, which no schema for objects takes. */
function asJson(given: string): unknown {
  try {
    return JSON.parse(given);
  } catch {
    return given;
  }
}

/** Every setting: its values, its default, and what it is for (docs/configuration.md is made of this). */
export const schema = {
  runImage: text("must name the agent image: node 20 or newer and claude on its PATH").describe(
    "Image of a run that names none: node 20 or newer and claude on its PATH.",
  ),
  runImagePullPolicy: oneOf("Always", "IfNotPresent", "Never")
    .optional()
    .describe("When the kubelet pulls a run's image."),
  runImagePullSecrets: names
    .default([])
    .describe("Pull secrets of a run that names none; they must exist in the run's namespace."),
  runServiceAccount: name.optional().describe("ServiceAccount of a run's pod; its token is never mounted."),
  runResources: resources.optional().describe("Requests and limits of a run that names none."),
  runMountPath: z
    .string({ error: "must be an absolute path" })
    .startsWith("/", "must be an absolute path")
    .default("/workspace")
    .describe("Working directory of claude; HOME is below it."),
  runTerminationGracePeriodSeconds: whole(0).default(30).describe("How long claude may take to end."),
  runPodTTLSecondsAfterFinished: whole(0)
    .default(86_400)
    .describe("How long Job, pod and log of a finished run are kept."),
  runActiveDeadlineSeconds: limit.describe("How long claude may run, where a run does not say; absent: no limit."),
  runIdleTimeoutSeconds: limit.describe("How long claude may be silent, where a run does not say; absent: no limit."),
  runQueueDeadlineSeconds: limit.describe("How long a run may wait, where it does not say; absent: no limit."),
  runTTLSecondsAfterFinished: whole(0)
    .optional()
    .describe("How long a finished ClaudeRun itself is kept, where it does not say; absent: for good."),
  runSecurityContext: fromText(asJson, podSecurityContextSchema)
    .optional()
    .describe("Fields of the pod's security context in the place of ours; a run's own win over both."),
  runContainerSecurityContext: fromText(asJson, containerSecurityContextSchema)
    .optional()
    .describe("The same of the container."),
  watchNamespaces: names.default([]).describe("Only these namespaces are watched; empty: all."),
  admission: oneOf("open", "paused")
    .default("open")
    .describe("While it is paused nothing is admitted; what runs goes on."),
  maxActiveRuns: limit.describe(
    "At most so many runs are active at once, in all namespaces together; absent: no limit.",
  ),
  maxActiveRunsPerNamespace: limit.describe(
    "At most so many runs are active at once in each namespace; absent: no limit.",
  ),
  historyLimit: limit.describe("So many finished runs of an agent are kept, the newest; absent: all."),
  reportLogsGone: flag
    .default(true)
    .describe("Whether a finished run's LogsAvailable turns False when its pod is gone."),
  progressIntervalSeconds: whole(0)
    .refine((seconds) => seconds === 0 || seconds >= 15, "must be 0 or a whole number from 15")
    .default(15)
    .describe("How often the log of a run that runs is looked at for its progress, at most; 0: never."),
  workers: whole(1, 64).default(12).describe("Agents that are worked on at the same time."),
  leaseNamespace: name
    .optional()
    .describe("Namespace of the Lease by which replicas agree on who works; absent: this one works."),
  leaseName: name.default("claude-run-operator").describe("Name of that Lease."),
  logLevel: oneOf("debug", "info", "warn", "error").default("info").describe("The least that is logged."),
  healthPort: whole(0, 65_535).default(8080).describe("Port of the probes; 0: any that is free."),
  runnerFile: text("must be a path")
    .optional()
    .describe("The bundled runner; absent: runner.mjs beside the operator's own file."),
};

type SettingName = keyof typeof schema;
type Outputs = { [Name in SettingName]: z.output<(typeof schema)[Name]> };
type Absentable = { [Name in SettingName]: undefined extends Outputs[Name] ? Name : never }[SettingName];
type Values = Readonly<Omit<Outputs, Absentable> & { [Name in Absentable]?: Exclude<Outputs[Name], undefined> }>;

/** All settings by name, and what two of the parts want them as. */
export interface Config extends Values {
  readonly defaults: PodDefaults;
  readonly settings: Settings;
}

/** Every mistake in file and environment, one line each. */
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
 * Reads the configuration; throws ConfigError with all that is wrong. `load` reads the YAML file that CONFIG_FILE names.
 * Empty variables count as absent: that is what a chart writes.
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
    const judge = (at: (path: PropertyKey[]) => string, given: unknown): unknown => {
      const parsed = schema[setting].safeParse(given);
      for (const { path, message } of parsed.error?.issues ?? []) {
        mistakes.push(`${at(path)}: ${message}`);
      }
      return parsed.data;
    };
    const variable = variableOf(setting);
    const given = environment[variable] ?? "";
    const inFile = file[setting] ?? undefined;
    // What the environment overrules is judged too: a mistake is none the less one.
    if (inFile !== undefined)
      put(
        setting,
        judge((path) => `${[setting, ...path].join(".")} (file)`, inFile),
      );
    if (given !== "" || inFile === undefined) {
      put(
        setting,
        judge((path) => [variable, ...path].join("."), given === "" ? undefined : given),
      );
    }
  }
  if (mistakes.length > 0) throw new ConfigError(`the configuration is not usable:\n  ${mistakes.join("\n  ")}`);
  return Object.freeze(withShapes(values as unknown as Values));
}

/** The file's settings; what is not one of ours is a mistake. */
function readFile(path: string, load: (path: string) => unknown, mistakes: string[]): Record<string, unknown> {
  if (path === "") return {};
  const content = z.record(z.string(), z.unknown(), { error: "must be a mapping of settings to values" });
  try {
    const file = content.parse(load(path));
    const known = Object.keys(schema);
    for (const key of Object.keys(file).filter((each) => !known.includes(each))) {
      mistakes.push(`${key} (file): is no setting: did you mean ${nearest(key, known)}?`);
    }
    return file;
  } catch (error) {
    const { message } = error instanceof z.ZodError ? (error.issues[0] ?? error) : (error as Error);
    mistakes.push(`CONFIG_FILE: ${path} cannot be used: ${message.split("\n")[0] ?? ""}`);
    return {};
  }
}

function withShapes(values: Values): Config {
  const spec = present({
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
    ...present({
      imagePullPolicy: values.runImagePullPolicy,
      serviceAccountName: values.runServiceAccount,
      resources: values.runResources as PodDefaults["resources"],
      securityContext: values.runSecurityContext,
      containerSecurityContext: values.runContainerSecurityContext,
    }),
  };
  return { ...values, defaults, settings: { ...values, admission: values.admission === "open" } };
}

/** Without what is undefined: an optional field is there or not. */
function present<T extends object>(fields: T): { [Name in keyof T]?: Exclude<T[Name], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;
}
