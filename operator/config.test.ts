import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { format } from "prettier";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ConfigError, readConfig, schema, variableOf, type Config } from "./config.ts";
import { loadYamlFile } from "./yaml.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "config-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Reads an environment, and a file if there is one. */
function read(environment: Record<string, string>, file?: string): Config {
  if (file === undefined) return readConfig(environment, loadYamlFile);
  const path = join(folder, "config.yaml");
  writeFileSync(path, file);
  return readConfig({ ...environment, CONFIG_FILE: path }, loadYamlFile);
}

/** The mistakes that the error about an invalid configuration lists. */
function mistakes(environment: Record<string, string>, file?: string): string[] {
  try {
    read(environment, file);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    const [title, ...lines] = (error as Error).message.split("\n");
    expect(title).toBe("Invalid configuration:");
    return lines.map((line) => line.trim());
  }
  throw new Error("the configuration was accepted");
}

const everything: Record<string, string> = {
  RUN_IMAGE: "agent:1",
  RUN_IMAGE_PULL_POLICY: "Never",
  RUN_IMAGE_PULL_SECRETS: " a , b,,",
  RUN_CREDENTIALS_SECRET_NAME: "anthropic",
  RUN_SERVICE_ACCOUNT: "agent",
  RUN_RESOURCES: '{"requests":{"cpu":"1"}}',
  RUN_MOUNT_PATH: "/data",
  RUN_TERMINATION_GRACE_PERIOD_SECONDS: "0",
  RUN_POD_TTL_SECONDS_AFTER_FINISHED: "60",
  RUN_ACTIVE_DEADLINE_SECONDS: "3600",
  RUN_IDLE_TIMEOUT_SECONDS: "300",
  RUN_QUEUE_DEADLINE_SECONDS: "86400",
  RUN_TTL_SECONDS_AFTER_FINISHED: "0",
  RUN_SECURITY_CONTEXT: '{"runAsUser":2000}',
  RUN_CONTAINER_SECURITY_CONTEXT: '{"readOnlyRootFilesystem":false}',
  WATCH_NAMESPACES: "team,other,team",
  ADMISSION: "paused",
  MAX_ACTIVE_RUNS: "50",
  MAX_ACTIVE_RUNS_PER_NAMESPACE: "5",
  HISTORY_LIMIT: "1000",
  REPORT_LOGS_GONE: "false",
  PROGRESS_INTERVAL_SECONDS: "0",
  WORKERS: "3",
  LOG_LEVEL: "debug",
  LEASE_NAMESPACE: "system",
  LEASE_NAME: "operator",
  HEALTH_PORT: "0",
  RUNNER_FILE: "/app/runner.mjs",
};

const sameAsFile = `
runImage: agent:1
runImagePullPolicy: Never
runImagePullSecrets: [a, b]
runCredentialsSecretName: anthropic
runServiceAccount: agent
runResources: { requests: { cpu: "1" } }
runMountPath: /data
runTerminationGracePeriodSeconds: 0
runPodTTLSecondsAfterFinished: 60
runActiveDeadlineSeconds: 3600
runIdleTimeoutSeconds: 300
runQueueDeadlineSeconds: 86400
runTTLSecondsAfterFinished: 0
runSecurityContext: { runAsUser: 2000 }
runContainerSecurityContext: { readOnlyRootFilesystem: false }
watchNamespaces: [team, other]
admission: paused
maxActiveRuns: 50
maxActiveRunsPerNamespace: 5
historyLimit: 1000
reportLogsGone: false
progressIntervalSeconds: 0
workers: 3
logLevel: debug
leaseNamespace: system
leaseName: operator
healthPort: 0
runnerFile: /app/runner.mjs
`;

describe("the configuration", () => {
  test("needs an image, and has a default for everything else", () => {
    expect(read({ RUN_IMAGE: "agent:1" })).toMatchObject({
      defaults: {
        image: "agent:1",
        imagePullSecrets: [],
        mountPath: "/workspace",
        terminationGracePeriodSeconds: 30,
        podTTLSecondsAfterFinished: 86_400,
      },
      settings: { admission: true, reportLogsGone: true },
      watchNamespaces: [],
      workers: 12,
      logLevel: "info",
      healthPort: 8080,
    });
  });

  test("reads every setting from the environment and from the file", () => {
    expect(Object.keys(everything).toSorted()).toEqual(Object.keys(schema).map(variableOf).toSorted());
    const config = read(everything);
    expect(config).toMatchObject({
      defaults: {
        image: "agent:1",
        imagePullPolicy: "Never",
        imagePullSecrets: ["a", "b"],
        credentialsSecretName: "anthropic",
        serviceAccountName: "agent",
        resources: { requests: { cpu: "1" } },
        mountPath: "/data",
        terminationGracePeriodSeconds: 0,
        podTTLSecondsAfterFinished: 60,
        spec: {
          activeDeadlineSeconds: 3_600,
          idleTimeoutSeconds: 300,
          queueDeadlineSeconds: 86_400,
          ttlSecondsAfterFinished: 0,
        },
        securityContext: { runAsUser: 2000 },
        containerSecurityContext: { readOnlyRootFilesystem: false },
      },
      settings: {
        admission: false,
        maxActiveRuns: 50,
        maxActiveRunsPerNamespace: 5,
        historyLimit: 1000,
        reportLogsGone: false,
      },
      watchNamespaces: ["team", "other"],
      leaseNamespace: "system",
      leaseName: "operator",
      progressIntervalSeconds: 0,
      workers: 3,
      logLevel: "debug",
      healthPort: 0,
      runnerFile: "/app/runner.mjs",
    });
    expect(read({}, sameAsFile)).toEqual(config);
  });

  test("lets the environment win over the file, unless it is empty", () => {
    const file = "runImage: from-file\nworkers: 3";
    expect(read({ WORKERS: "5" }, file)).toMatchObject({ workers: 5, runImage: "from-file" });
    expect(read({ WORKERS: "", RUN_IMAGE: "" }, file)).toMatchObject({ workers: 3, runImage: "from-file" });
  });

  test("counts an empty variable as absent, because charts write empty values", () => {
    const empty = { RUN_IMAGE_PULL_POLICY: "", RUN_RESOURCES: "", WATCH_NAMESPACES: "", WORKERS: "", ADMISSION: "" };
    expect(read({ RUN_IMAGE: "agent:1", ...empty })).toEqual(read({ RUN_IMAGE: "agent:1" }));
    expect(mistakes({ RUN_IMAGE: "" })).toEqual([expect.stringContaining("RUN_IMAGE: must name") as string]);
  });

  test("lists all mistakes of file and environment, with the current and the allowed values", () => {
    const file = `
runImage: [agent]
workers: 0
admision: paused
watchNamespaces: team/one
runMountPath: 7
logLevel: loud
`;
    const environment = {
      RUN_IMAGE_PULL_POLICY: "Sometimes",
      RUN_RESOURCES: "{cpu: 1}",
      RUN_TERMINATION_GRACE_PERIOD_SECONDS: "-1",
      RUN_POD_TTL_SECONDS_AFTER_FINISHED: "1.5",
      ADMISSION: "closed",
      HISTORY_LIMIT: "0",
      REPORT_LOGS_GONE: "never",
      MAX_ACTIVE_RUNS_PER_NAMESPACE: "some",
      PROGRESS_INTERVAL_SECONDS: "5",
      WORKERS: "many",
      LOG_LEVEL: "debug",
      HEALTH_PORT: "70000",
    };
    expect(mistakes(environment, file).toSorted()).toEqual(
      [
        "admision (file): unknown setting, did you mean admission?",
        'runImage (file): must name the agent image: node 20 or newer and claude on its PATH, not ["agent"]',
        'RUN_IMAGE_PULL_POLICY: must be one of Always, IfNotPresent, Never, not "Sometimes"',
        'RUN_RESOURCES: must be requests and limits of quantities (in the environment: as JSON), not "{cpu: 1}"',
        "runMountPath (file): must be an absolute path, not 7",
        'RUN_TERMINATION_GRACE_PERIOD_SECONDS: must be a whole number, 0 to 2147483647, not "-1"',
        'RUN_POD_TTL_SECONDS_AFTER_FINISHED: must be a whole number, 0 to 2147483647, not "1.5"',
        "watchNamespaces.0 (file): must be a name: lower case letters, digits, '-' and '.'",
        'ADMISSION: must be one of open, paused, not "closed"',
        'HISTORY_LIMIT: must be a whole number, at least 1, not "0"',
        'REPORT_LOGS_GONE: must be true or false, not "never"',
        'MAX_ACTIVE_RUNS_PER_NAMESPACE: must be a whole number, at least 1, not "some"',
        'PROGRESS_INTERVAL_SECONDS: must be 0 or a whole number, at least 15, not "5"',
        "workers (file): must be a whole number, 1 to 64, not 0",
        'WORKERS: must be a whole number, 1 to 64, not "many"',
        'logLevel (file): must be one of debug, info, warn, error, not "loud"',
        'HEALTH_PORT: must be a whole number, 0 to 65535, not "70000"',
      ].toSorted(),
    );
  });

  test("reports why it cannot read the file, together with all other mistakes", () => {
    expect(mistakes({ CONFIG_FILE: "/nowhere/config.yaml", WORKERS: "0" })).toEqual([
      expect.stringMatching(/^CONFIG_FILE: cannot read \/nowhere\/config.yaml: ENOENT/) as string,
      expect.stringContaining("RUN_IMAGE: ") as string,
      expect.stringContaining("WORKERS: ") as string,
    ]);
    expect(mistakes({ RUN_IMAGE: "a" }, "workers: [")).toEqual([expect.stringContaining("CONFIG_FILE: ") as string]);
    expect(mistakes({ RUN_IMAGE: "a" }, "- workers")).toEqual([
      `CONFIG_FILE: cannot read ${folder}/config.yaml: must be a mapping of settings to values`,
    ]);
  });

  test("rejects unknown fields in resources", () => {
    expect(mistakes({ RUN_IMAGE: "a", RUN_RESOURCES: '{"limit":{"cpu":"1"}}' })[0]).toContain("limit");
    expect(mistakes({ RUN_IMAGE: "a", RUN_RESOURCES: '{"limits":{"cpu":1}}' })[0]).toContain(
      "RUN_RESOURCES.limits.cpu",
    );
  });

  test("rejects security settings that the API does not allow either", () => {
    expect(mistakes({ RUN_IMAGE: "a", RUN_CONTAINER_SECURITY_CONTEXT: '{"privileged":true}' })[0]).toContain(
      "privileged",
    );
  });

  test("ignores variables that are not its own, and cannot be changed afterwards", () => {
    const config = read({ RUN_IMAGE: "a", PATH: "/bin", ANTHROPIC_API_KEY: "sk" });
    expect(JSON.stringify(config)).not.toContain("sk");
    expect(Object.isFrozen(config)).toBe(true);
  });
});

test("docs/configuration.md matches the schema: `npx vitest run --project unit operator/config -u` writes it", async () => {
  const settings = Object.entries(schema).map(([setting, each]) => {
    const fallback = each.safeParse(undefined);
    const shown = !fallback.success
      ? ", required"
      : fallback.data === undefined
        ? ""
        : `, default \`${JSON.stringify(fallback.data)}\``;
    return `- **\`${setting}\`** (\`${variableOf(setting)}\`${shown}): ${each.description ?? ""}`;
  });
  const page = `# Configuration

Set options in the YAML file that \`CONFIG_FILE\` names (the chart mounts a ConfigMap there), or as environment
variables. The environment wins. An empty variable counts as absent. The operator reports all mistakes at once and
does not start. In the environment, separate lists by commas; \`runResources\` and the security contexts are JSON. A
change needs a restart; the chart does it.

Each setting is listed with its environment variable:

${settings.join("\n")}
`;
  await expect(await format(page, { parser: "markdown", printWidth: 120, proseWrap: "always" })).toMatchFileSnapshot(
    "../docs/configuration.md",
  );
});
