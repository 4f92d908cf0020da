/** Tests without kubectl: pods, rotation, 401, limits and untrusted kubeconfigs. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { eventually } from "../test/eventually.ts";
import { contextNames, loadAccess, parseKubeconfig, type LoadOptions } from "./access.ts";
import type { Environment } from "./environment.ts";
import { CredentialsError, KubeconfigError, NoKubeconfigError } from "./errors.ts";
import { selfSigned } from "./testing/certificates.ts";

let folder: string;
let environment: Environment;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "access-"));
  environment = {
    variables: { PATH: process.env["PATH"], HOME: folder, KUBECONFIG: join(folder, "config") },
    directory: folder,
    serviceAccountDirectory: join(folder, "account"),
    isStdinTerminal: () => false,
  };
});

const secret = "hunter2-hunter2";

function config(user: object, cluster: object = {}): string {
  return JSON.stringify({
    clusters: [{ name: "c", cluster: { server: "https://127.0.0.1:6443", ...cluster } }],
    users: [{ name: "u", user }],
    contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
    "current-context": "x",
  });
}

function write(name: string, text: string, mode = 0o600): string {
  const path = join(folder, name);
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, text, { mode });
  return path;
}

function load(user: object, options: LoadOptions = {}) {
  write("config", config(user));
  return loadAccess({ environment, ...options });
}

async function authorization(access: ReturnType<typeof loadAccess>): Promise<unknown> {
  return (await access.credentials()).headers["authorization"];
}

function errorOf(run: () => unknown): Error {
  try {
    run();
  } catch (error) {
    return error as Error;
  }
  throw new Error("it should have failed");
}

describe("in a pod", () => {
  beforeEach(() => {
    const { cert } = selfSigned();
    write("account/token", "of-the-pod\n");
    write("account/ca.crt", cert);
    write("account/namespace", "agents\n");
    const service = { KUBERNETES_SERVICE_HOST: "fd00::1", KUBERNETES_SERVICE_PORT: "443" };
    environment = { ...environment, variables: { ...environment.variables, ...service } };
  });

  it("the pod's ServiceAccount is used without a kubeconfig", async () => {
    const access = loadAccess({ environment });
    expect(access).toMatchObject({ server: "https://[fd00::1]", namespace: "agents" });
    expect(await authorization(access)).toBe("Bearer of-the-pod");
  });

  it("its token rotates", async () => {
    const access = loadAccess({ environment });
    const before = await access.credentials();
    expect(access.credentials()).toBe(before);
    write("account/token", "rotated");
    await eventually("it is read again", async () => (await authorization(access)) === "Bearer rotated");
    rmSync(join(folder, "account/token"));
    expect(await access.renew(before)).toBe(true);
    expect(await authorization(access)).toBe("Bearer rotated");
  });

  it("impersonation is not dropped", async () => {
    const access = loadAccess({ environment, as: "viewer", asGroup: ["readers"] });
    expect((await access.credentials()).headers).toMatchObject({
      "impersonate-user": "viewer",
      "impersonate-group": ["readers"],
    });
  });

  it("a kubeconfig takes precedence, with the pod's namespace if it names none", () => {
    expect(load({ token: "t" })).toMatchObject({ server: "https://127.0.0.1:6443", namespace: "agents" });
    const variables = { ...environment.variables, POD_NAMESPACE: "by-variable" };
    expect(load({ token: "t" }, { environment: { ...environment, variables } }).namespace).toBe("by-variable");
    expect(load({ token: "t" }, { namespace: "by-flag" }).namespace).toBe("by-flag");
  });
});

describe("a client certificate in files", () => {
  it("is replaced only when both certificate and key are new", async () => {
    const [first, second] = [selfSigned(), selfSigned()];
    write("cert", first.cert);
    write("key", first.key);
    const access = load({ "client-certificate": "cert", "client-key": "key" });
    const before = await access.credentials();
    write("cert", second.cert);
    expect(await access.renew(before)).toBe(false);
    write("key", second.key);
    expect(await access.renew(before)).toBe(true);
    const after = await access.credentials();
    expect(after.tls?.cert).toBe(second.cert);
    expect(after.tlsKey).not.toBe(before.tlsKey);
  });
});

describe("a plugin", () => {
  /** Prints token 1, 2, … and records how it was run. */
  function counting(more: object = {}, expirationTimestamp?: string): object {
    const status = { token: "COUNT", ...(expirationTimestamp === undefined ? {} : { expirationTimestamp }) };
    const apiVersion = "client.authentication.k8s.io/v1";
    const credential = JSON.stringify({ apiVersion, kind: "ExecCredential", status });
    const script = `#!/bin/sh\necho >> "${folder}/runs"\ncount=$(wc -l < "${folder}/runs")\nprintf '%s\\n' '${credential}' | sed "s/COUNT/$count/"\n`;
    write("plugin.sh", script, 0o755);
    return { exec: { apiVersion, command: "./plugin.sh", interactiveMode: "IfAvailable", ...more } };
  }

  it("is run once for concurrent requests, and once more after a 401", async () => {
    const access = load(counting());
    const all = await Promise.all(Array.from({ length: 20 }, async () => await access.credentials()));
    expect(new Set(all.map(({ headers }) => headers["authorization"]))).toEqual(new Set(["Bearer 1"]));
    const [used] = all;
    if (used === undefined) throw new Error("unreachable");
    const renewed = await Promise.all(Array.from({ length: 20 }, () => access.renew(used)));
    expect(new Set(renewed)).toEqual(new Set([true]));
    expect(await authorization(access)).toBe("Bearer 2");
  });

  it("is run again when its credential has expired", async () => {
    const access = load(counting({}, "2001-01-01T00:00:00Z"));
    expect([await authorization(access), await authorization(access)]).toEqual(["Bearer 1", "Bearer 2"]);
  });

  it("may fail once and be run again", async () => {
    const access = load(counting());
    write("plugin.sh", "#!/bin/sh\nexit 7\n", 0o755);
    await expect(authorization(access)).rejects.toThrow(
      new CredentialsError(
        `the credential plugin ${folder}/plugin.sh of the kubeconfig ${folder}/config: the user u ended with exit code 7`,
      ),
    );
    counting();
    expect(await authorization(access)).toBe("Bearer 1");
  });

  it.each([
    ["IfAvailable", true, false, true],
    ["IfAvailable", true, true, false],
    ["Never", true, false, false],
  ])(
    "with %s, a terminal (%s), stdin read by this process (%s) is interactive: %s",
    async (mode, isTerminal, isTaken, expected) => {
      const user = counting({ interactiveMode: mode });
      const script = `#!/bin/sh\nprintf '%s' "$KUBERNETES_EXEC_INFO" > "${folder}/info"\necho '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"token":"t"}}'\n`;
      write("plugin.sh", script, 0o755);
      const access = load(user, {
        environment: { ...environment, isStdinTerminal: () => isTerminal },
        isStdinTaken: () => isTaken,
      });
      await access.credentials();
      expect(JSON.parse(readFileSync(join(folder, "info"), "utf8"))).toEqual({
        kind: "ExecCredential",
        apiVersion: "client.authentication.k8s.io/v1",
        spec: { interactive: expected },
      });
    },
  );

  it("that needs a terminal is not run while stdin is read for the prompt", async () => {
    const access = load(counting({ interactiveMode: "Always" }), {
      environment: { ...environment, isStdinTerminal: () => true },
      isStdinTaken: () => true,
    });
    await expect(authorization(access)).rejects.toThrow("needs a terminal");
  });

  it("that is missing is reported with its hint, without control characters", async () => {
    const access = load({
      exec: {
        apiVersion: "client.authentication.k8s.io/v1",
        command: "no-such-plugin",
        interactiveMode: "Never",
        installHint: "run\n  brew install it\u001b[31m",
      },
    });
    await expect(authorization(access)).rejects.toThrow(/ is not installed: run brew install it\?\[31m$/);
  });
});

describe("without a kubeconfig", () => {
  it("the error is NoKubeconfigError", () => {
    expect(errorOf(() => loadAccess({ environment }))).toBeInstanceOf(NoKubeconfigError);
  });

  it("the names of contexts need only the file", () => {
    write("config", config({}).replace('"current-context":"x"', '"current-context":"gone"'));
    expect(contextNames({ environment })).toEqual(["x"]);
  });
});

describe("a bad file is reported in one line that does not quote it:", () => {
  const bomb = (): string => {
    const levels = Array.from({ length: 9 }, (_, n) => `a${n + 1}: &a${n + 1} [${`*a${n},`.repeat(9)}]\n`);
    return `a0: &a0 [${secret}]\n${levels.join("")}`;
  };
  const rows: readonly [string, () => string, RegExp][] = [
    ["broken YAML", () => `users: [{name: ${secret}`, /is not YAML \(line \d+, column \d+\)/],
    ["a bomb of aliases", bomb, /has more than 1000000 values with its aliases expanded$/],
    ["an unknown alias", () => `a: *${secret}`, /is not YAML/],
    ["a cycle", () => `a: &a [*a]`, /has more than 1000000 values|is not YAML/],
    [
      "too large",
      () => `a: ${secret}\n#${"x".repeat(10 * 1024 * 1024)}`,
      /is larger than the limit of 10485760 bytes$/,
    ],
    ["a wrong type", () => config({ token: [secret] }), /users\[0\]\.user\.token is a list; allowed: a string/],
    [
      "a wrong entry",
      () => config({ "as-groups": [{ [secret]: 1 }] }),
      /as-groups\[0\] is an object; allowed: a string/,
    ],
    ["an empty key", () => config({ "client-key-data": secret }), /client-key-data is .*; allowed: base64$/],
    ["another kind", () => `kind: ${secret}`, /is not a kubeconfig; allowed: kind Config of apiVersion v1$/],
    ["a proxy", () => config({ token: "t" }, { "proxy-url": `ftp://a:${secret}@host` }), /has an invalid proxy-url/],
    [
      "a server",
      () => config({ token: "t" }, { server: `https://a:${secret}@ho st` }),
      /has a server that is not an address/,
    ],
    ["a token", () => config({ token: `${secret}\n` }), /token of the user has a line break/],
  ];
  it.each(rows)("%s", (_, text, expected) => {
    write("config", text());
    const { message, stack = "" } = errorOf(() => loadAccess({ environment }));
    expect(message).toMatch(expected);
    expect(message.split("\n")).toHaveLength(1);
    expect(stack).not.toContain(secret);
    expect(stack).not.toContain(btoa(secret));
  });
});

describe("an untrusted kubeconfig", () => {
  const { cert, key } = selfSigned();
  const parse = (user: object, cluster: object = {}) =>
    parseKubeconfig(config(user, cluster), { source: "the setting kubeconfig" });

  it("may hold a token or a certificate", async () => {
    expect(await authorization(parse({ token: "t" }))).toBe("Bearer t");
    const data = { "client-certificate-data": btoa(cert), "client-key-data": btoa(key) };
    expect((await parse(data, { "certificate-authority-data": btoa(cert) }).credentials()).tls?.cert).toBe(cert);
  });

  const exec = { apiVersion: "client.authentication.k8s.io/v1", command: "/bin/true", interactiveMode: "Never" };
  it.each([
    ["exec", { exec }, {}],
    ["exec", { exec, token: "t" }, {}],
    ["exec", { exec }, { server: "http://127.0.0.1:8080" }],
    ["auth-provider", { "auth-provider": { name: "oidc" } }, {}],
    ["tokenFile", { tokenFile: "/etc/passwd" }, {}],
    ["tokenFile", { tokenFile: "/etc/passwd", token: "t" }, {}],
    ["client-certificate", { "client-certificate": "/etc/passwd", "client-key": "/etc/passwd" }, {}],
    ["client-key", { "client-certificate-data": btoa(cert), "client-key": "/etc/passwd" }, {}],
    ["certificate-authority", { token: "t" }, { "certificate-authority": "/etc/passwd" }],
  ])("may not hold %s: %j %j", (field, user, cluster) => {
    const error = errorOf(() => parse(user, cluster));
    expect(error).toBeInstanceOf(KubeconfigError);
    expect(error.message).toMatch(new RegExp(`^the setting kubeconfig.* has ${field}[;,]`));
  });

  it("may where it is allowed", () => {
    expect(parseKubeconfig(config({ exec }), { allowsExec: true }).server).toBe("https://127.0.0.1:6443");
  });
});
