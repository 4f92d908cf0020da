/** The operator's configuration: environment variables, validated all at once, frozen. */
import * as z from "zod";
import type { Settings } from "./domain.ts";
import type { PodDefaults } from "./plan/job.ts";

const seconds = (fallback: number) => z.coerce.number().int().min(0).default(fallback);
const limit = z.coerce.number().int().min(1, "must be 1 or more; leave it out for no limit").optional();
const list = z
  .string()
  .default("")
  .transform((text) =>
    text
      .split(",")
      .map((part) => part.trim())
      .filter((part) => part !== ""),
  );
const json = <S extends z.ZodType>(schema: S) =>
  z
    .string()
    .transform((text, context) => {
      try {
        return JSON.parse(text) as unknown;
      } catch {
        context.addIssue({ code: "custom", message: "must be JSON" });
        return z.NEVER;
      }
    })
    .pipe(schema);
const quantities = z.record(z.string(), z.string());

const schema = z.object({
  RUN_IMAGE: z.string().min(1, "must name the agent image: node 20 or newer and claude on its PATH"),
  RUN_IMAGE_PULL_POLICY: z.enum(["Always", "IfNotPresent", "Never"]).optional(),
  RUN_IMAGE_PULL_SECRETS: list,
  RUN_SERVICE_ACCOUNT: z.string().min(1).optional(),
  RUN_RESOURCES: json(z.strictObject({ requests: quantities.optional(), limits: quantities.optional() })).optional(),
  RUN_MOUNT_PATH: z.string().startsWith("/", "must be an absolute path").default("/workspace"),
  RUN_TERMINATION_GRACE_PERIOD_SECONDS: seconds(30),
  RUN_POD_TTL_SECONDS_AFTER_FINISHED: seconds(86_400),
  WATCH_NAMESPACE: z.string().min(1).optional(),
  ADMISSION: z.enum(["open", "paused"]).default("open"),
  MAX_ACTIVE_RUNS: limit,
  MAX_ACTIVE_RUNS_PER_NAMESPACE: limit,
  HISTORY_LIMIT: limit,
  REPORT_LOGS_GONE: z.enum(["true", "false"]).default("true"),
  WORKERS: z.coerce.number().int().min(1).max(64).default(12),
  LOG_LEVEL: z.enum(["debug", "info", "warn", "error"]).default("info"),
  LEASE_NAMESPACE: z.string().min(1).optional(),
  LEASE_NAME: z.string().min(1).default("claude-run-operator"),
  HEALTH_PORT: z.coerce.number().int().min(0).max(65_535).default(8080),
  RUNNER_FILE: z.string().min(1).optional(),
});

export interface Config {
  readonly defaults: PodDefaults;
  readonly settings: Settings;
  readonly namespace?: string;
  /** The Lease that replicas contend for; absent: this one works, whoever else does. */
  readonly lease?: { readonly namespace: string; readonly name: string };
  readonly workers: number;
  readonly logLevel: string;
  readonly healthPort: number;
  /** The bundled runner; absent: runner.mjs beside the operator's own file. */
  readonly runnerFile?: string;
}

/** Every mistake in the environment, one line each. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/** Reads the configuration; throws ConfigError with all that is wrong. Empty variables count as absent. */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const given = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== undefined && value !== ""),
  );
  const parsed = schema.safeParse(given);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
    throw new ConfigError(`the configuration (environment variables) is not usable:\n  ${problems.join("\n  ")}`);
  }
  const env = parsed.data;
  const defaults: PodDefaults = {
    image: env.RUN_IMAGE,
    imagePullSecrets: env.RUN_IMAGE_PULL_SECRETS,
    mountPath: env.RUN_MOUNT_PATH,
    terminationGracePeriodSeconds: env.RUN_TERMINATION_GRACE_PERIOD_SECONDS,
    podTTLSecondsAfterFinished: env.RUN_POD_TTL_SECONDS_AFTER_FINISHED,
    ...(env.RUN_IMAGE_PULL_POLICY === undefined ? {} : { imagePullPolicy: env.RUN_IMAGE_PULL_POLICY }),
    ...(env.RUN_SERVICE_ACCOUNT === undefined ? {} : { serviceAccountName: env.RUN_SERVICE_ACCOUNT }),
    ...(env.RUN_RESOURCES === undefined
      ? {}
      : { resources: env.RUN_RESOURCES as NonNullable<PodDefaults["resources"]> }),
  };
  return Object.freeze({
    defaults,
    settings: {
      admission: env.ADMISSION === "open",
      reportLogsGone: env.REPORT_LOGS_GONE === "true",
      ...(env.HISTORY_LIMIT === undefined ? {} : { historyLimit: env.HISTORY_LIMIT }),
      ...(env.MAX_ACTIVE_RUNS === undefined ? {} : { maxActiveRuns: env.MAX_ACTIVE_RUNS }),
      ...(env.MAX_ACTIVE_RUNS_PER_NAMESPACE === undefined
        ? {}
        : { maxActiveRunsPerNamespace: env.MAX_ACTIVE_RUNS_PER_NAMESPACE }),
    },
    workers: env.WORKERS,
    logLevel: env.LOG_LEVEL,
    healthPort: env.HEALTH_PORT,
    ...(env.LEASE_NAMESPACE === undefined ? {} : { lease: { namespace: env.LEASE_NAMESPACE, name: env.LEASE_NAME } }),
    ...(env.WATCH_NAMESPACE === undefined ? {} : { namespace: env.WATCH_NAMESPACE }),
    ...(env.RUNNER_FILE === undefined ? {} : { runnerFile: env.RUNNER_FILE }),
  });
}
