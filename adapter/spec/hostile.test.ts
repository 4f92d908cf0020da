/** Configuration is not trusted: it reaches no prototype and no other file, and no error quotes a value. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, mkdirSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { configSchema } from "../config-schema.ts";
import { testEnvironment } from "../environment/test-environment.ts";
import { AdapterState } from "../adapter-state.ts";
import { execute } from "../execute.ts";
import { ConnectionCache } from "../kubernetes/connections.ts";
import { directoryVariable, readKubeconfig } from "../kubernetes/kubeconfig-directory.ts";
import { ClaudeRunApi } from "../../client/testing/claude-run-api.ts";
import { TestHost } from "../testing/host.ts";
import { allowedKubeconfig } from "../testing/kubeconfigs.ts";
import { planRun } from "./plan.ts";
import { readSettings } from "./settings.ts";

const planted = "sk-ant-planted-secret";
const prototypes = ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty"];
const keys = configSchema.fields.map(({ key }) => key);

/** Properties of Object.prototype; no configuration may change them. */
function prototypeOf(): string {
  return JSON.stringify(Object.getOwnPropertyNames(Object.prototype)) + typeof {}.toString;
}

const before = prototypeOf();

const name = fc.oneof(fc.constantFrom(...prototypes, "limits", "requests", "a", ""), fc.string({ maxLength: 8 }));
const leaf = fc.oneof(
  fc.constant(planted),
  fc.constantFrom("../..", "a?x=", "a/b", "a%2f..", "\0", "\ud800"),
  fc.string(),
  fc.integer(),
);
const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { maxDepth: 3 },
    leaf,
    fc.dictionary(name, tie("any"), { maxKeys: 3 }).map((object) => JSON.stringify(object)),
    fc.array(tie("any"), { maxLength: 3 }),
    fc
      .array(fc.tuple(name, leaf), { maxLength: 3 })
      .map((pairs) => pairs.map(([a, b]) => `${a}.${a}=${String(b)}`).join("\n")),
    fc
      .array(fc.tuple(name, leaf), { maxLength: 3 })
      .map((pairs) => pairs.map(([a, b]) => `${a}=${String(b)}`).join("\n")),
    fc.constantFrom(...prototypes).map((key) => JSON.parse(`{"${key}":{"polluted":"${planted}"}}`) as unknown),
    fc.constant(`{"a": "${planted}`),
    fc.constant(planted),
  ),
})).any;

describe("a configuration", () => {
  it("reaches no prototype and shows no value in an error, whatever is typed", async () => {
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.constantFrom(...keys), value, { maxKeys: 4 }), async (config) => {
        const { context: ctx } = new TestHost({ config });
        try {
          await planRun({ ctx, settings: readSettings(config), namespace: "agents", leaseName: "lease" });
        } catch (error) {
          expect((error as Error).name).toBe("ConfigError");
          expect((error as Error).message).not.toContain(planted);
          expect((error as Error).cause).toBeUndefined();
        }
        expect(prototypeOf()).toBe(before);
        expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
      }),
      { numRuns: 1_500 },
    );
  });

  it.each(
    prototypes.flatMap((each) =>
      ["env", "labels", "nodeSelector", "resources", "mcpServers"].map((key) => [key, each]),
    ),
  )("%s: %s is no name", (key, each) => {
    const lines = `${each}=x\n${each}.polluted=x`;
    for (const given of [
      JSON.parse(`{"${each}":"x"}`) as unknown,
      `{"${each}":"x"}`,
      ...(key === "mcpServers" ? [] : [lines]),
    ]) {
      try {
        const { environment, pod, mcpServers = {} } = readSettings({ [key]: given });
        const read = [environment, pod.labels ?? {}, pod.nodeSelector ?? {}, pod.resources ?? {}, mcpServers];
        expect(read.flatMap((object) => Object.keys(object))).toEqual([]);
      } catch (error) {
        expect((error as Error).name).toBe("ConfigError");
      }
      expect(prototypeOf()).toBe(before);
    }
  });

  const paths: readonly [key: string, value: string][] = [
    ...["namespace", "workspaceVolumeClaim", "credentialsSecretName", "serviceAccountName", "imagePullSecrets"].flatMap(
      (key): [string, string][] => ["a?x=", "../secrets", "a/b", "A", "a%2f", "a b", "-a"].map((bad) => [key, bad]),
    ),
    ["workspaceSubPath", "../../other"],
    ["workspaceSubPath", "/etc"],
    ["workspaceMountPath", "relative"],
    ["workspaceMountPath", "/a/../b"],
    ["operatorLease", "a?x=/b"],
    ["operatorLease", "a/../b"],
  ];
  it.each(paths)("%s: %j is no name, before anything is asked", (key, bad) => {
    expect(() => readSettings({ [key]: bad })).toThrow(key);
  });
});

describe("requests", () => {
  let api: ClaudeRunApi;
  beforeEach(async () => {
    api = await new ClaudeRunApi().listen();
  });
  afterEach(() => api.close());

  it("go nowhere but to the expected paths, whatever is typed", async () => {
    const kubeconfig = allowedKubeconfig(api.kubeconfigFile());
    const connections = new ConnectionCache({ attempts: 1 });
    const fields = ["namespace", "workspaceVolumeClaim", "operatorLease", "credentialsSecretName", "workspaceSubPath"];
    const typed = fc.oneof(leaf, fc.constantFrom("agents", "other", "agents/claude-run"));
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.constantFrom(...fields), typed), async (config) => {
        await testEnvironment(connections, {
          companyId: "c",
          adapterType: "claude_k8s",
          config: { kubeconfig, ...config },
        });
      }),
      { numRuns: 60 },
    );
    const dns = "[a-z0-9]([-a-z0-9.]*[a-z0-9])?";
    const expected = new RegExp(
      `^(/version|/apis/paperclip.io/v1alpha1(/namespaces/${dns}/clauderuns)?|/apis/authorization.k8s.io/v1/selfsubjectaccessreviews` +
        `|/apis/coordination.k8s.io/v1/namespaces/${dns}/leases/${dns}|/api/v1/namespaces/${dns}/persistentvolumeclaims/${dns})$`,
    );
    expect(api.requests.map(({ path }) => path).filter((path) => !expected.test(path))).toEqual([]);
  });
});

describe("a kubeconfig that an agent names", () => {
  const directory = mkdtempSync(join(tmpdir(), "kubeconfigs-"));
  const outside = mkdtempSync(join(tmpdir(), "outside-"));
  const environment = { [directoryVariable]: directory };
  const secret = `DATABASE_URL=postgres://paperclip:${planted}@db`;
  writeFileSync(join(outside, "secret"), secret);
  writeFileSync(join(directory, "broken"), `- [${secret}\n\t: {`);
  symlinkSync(join(outside, "secret"), join(directory, "leaves"));
  symlinkSync("/dev/zero", join(directory, "endless"));
  mkdirSync(join(directory, "folder"));
  writeFileSync(join(directory, "large"), "");
  truncateSync(join(directory, "large"), 2_000_000);
  execFileSync("mkfifo", [join(directory, "pipe")]);
  mkdirSync(join(directory, "..data"));
  writeFileSync(join(directory, "..data", "mounted"), "text");
  symlinkSync("..data/mounted", join(directory, "mounted"));

  it.each([
    "leaves",
    "endless",
    "folder",
    "large",
    "pipe",
    "missing",
    "../outside",
    "/etc/passwd",
    "..data",
    ".",
    "",
    "a\0b",
    "folder/x",
  ])("%j is not read, and nothing of a file is told", (name) => {
    expect(() => readKubeconfig(name, environment)).toThrow(/^kubeconfig /);
    try {
      readKubeconfig(name, environment);
    } catch (error) {
      expect((error as Error).message).not.toContain(planted);
    }
  });

  it("is read through the links of a mounted Secret", () => {
    expect(readKubeconfig("mounted", environment)).toBe("text");
  });

  it("is rejected if the server's environment names no directory", () => {
    expect(() => readKubeconfig("mounted", {})).toThrow(directoryVariable);
  });

  const user: readonly [what: string, user: object, cluster: object][] = [
    ["exec", { exec: { apiVersion: "client.authentication.k8s.io/v1", command: "sh", args: ["-c", "id"] } }, {}],
    ["auth-provider", { "auth-provider": { name: "oidc", config: {} } }, {}],
    ["tokenFile", { tokenFile: "/var/run/secrets/kubernetes.io/serviceaccount/token" }, {}],
    ["client-certificate", { "client-certificate": "/etc/tls.crt", "client-key": "/etc/tls.key" }, {}],
    ["certificate-authority", {}, { "certificate-authority": "/etc/ca.crt" }],
  ];
  it.each(user)("with %s is rejected in both ways", async (what, rest, cluster) => {
    const path = join(outside, what);
    const document = {
      clusters: [{ name: "c", cluster: { server: "https://127.0.0.1:1", ...cluster } }],
      users: [{ name: "u", user: { password: planted, ...rest } }],
      contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
      "current-context": "x",
    };
    writeFileSync(path, JSON.stringify(document));
    const config = { kubeconfig: allowedKubeconfig(path), promptTemplate: "Work." };
    const result = await execute(new AdapterState(), new TestHost({ config }).context);
    expect(result.errorCode).toBe("configuration_incomplete");
    expect(result.errorMessage).toContain(what);
    const { checks } = await testEnvironment(new ConnectionCache(), {
      companyId: "c",
      adapterType: "claude_k8s",
      config,
    });
    expect(checks.map(({ level }) => level)).toEqual(["error"]);
    expect(JSON.stringify([result, checks])).not.toContain(planted);
  });

  it("of another format is rejected, and the error quotes nothing of it", async () => {
    const config = { kubeconfig: allowedKubeconfig(join(directory, "broken")), promptTemplate: "Work." };
    const result = await execute(new AdapterState(), new TestHost({ config }).context);
    expect(result.errorCode).toBe("configuration_incomplete");
    expect(JSON.stringify(result)).not.toContain(planted);
  });
});
