/** Compares with kubectl itself: for each kubeconfig the same server, path, headers, certificate and success. */
import { readFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { selfSigned, type Certificate } from "./testing/certificates.ts";
import { RecordingServers } from "./testing/recording-servers.ts";
import { outcomes, type Case } from "./testing/three-clients.ts";

const servers = new RecordingServers();
const ports = { a: 0, b: 0, plain: 0, six: 0, proxy: 0, tlsProxy: 0, socks: 0 };
const client: Certificate = selfSigned("DNS:client", "client");
const other: Certificate = selfSigned("DNS:other", "other");

beforeAll(async () => {
  ports.a = await servers.api("a", { tls: true });
  ports.b = await servers.api("b", { tls: true });
  ports.plain = await servers.api("plain", { tls: false });
  ports.six = await servers.api("six", { tls: true, host: "::1" });
  ports.proxy = await servers.httpProxy("proxy", { tls: false });
  ports.tlsProxy = await servers.httpProxy("tls-proxy", { tls: true });
  ports.socks = await servers.socksProxy("socks");
});
afterAll(() => servers.close());

type Parts = Readonly<Record<string, unknown>>;

const ca = (): string => btoa(servers.certificate.cert);
const cluster = (more: Parts = {}): Parts => ({
  server: `https://127.0.0.1:${ports.a}`,
  "certificate-authority-data": ca(),
  ...more,
});

/** A kubeconfig of one context; JSON is YAML. */
function config({ user = { token: "t" }, to = cluster(), context = {}, name = "x", ...more }: Config = {}): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name, cluster: to }],
    users: [{ name, user }],
    contexts: [{ name, context: { cluster: name, user: name, ...context } }],
    "current-context": name,
    ...more,
  });
}

interface Config {
  readonly user?: Parts;
  readonly to?: Parts;
  readonly context?: Parts;
  readonly name?: string;
  readonly [more: string]: unknown;
}

const one = (given: Config = {}): Case => ({ files: { config: config(given) } });
const raw = (text: string | Uint8Array): Case => ({ files: { config: text } });
const plainTo = (more: Parts = {}): Parts => ({ server: `http://127.0.0.1:${ports.plain}`, ...more });
const withoutAuthority = (more: Parts): Parts => ({ server: `https://127.0.0.1:${ports.a}`, ...more });
const pair = (): Parts => ({ "client-certificate-data": btoa(client.cert), "client-key-data": btoa(client.key) });

/** A plugin that records its input and prints a credential. */
function plugin(status: Parts, apiVersion = "client.authentication.k8s.io/v1"): string {
  const credential = JSON.stringify({ apiVersion, kind: "ExecCredential", status });
  return `#!/bin/sh\nprintf '%s' "$KUBERNETES_EXEC_INFO" > "FOLDER/info"\nprintf '%s' "$* $EXTRA" > "FOLDER/seen"\ncat > "FOLDER/stdin"\nprintf '%s\\n' '${credential}'\n`;
}

const execOf = (more: Parts = {}): Parts => ({
  exec: {
    apiVersion: "client.authentication.k8s.io/v1",
    command: "./bin/plugin.sh",
    interactiveMode: "IfAvailable",
    args: ["one", "two words"],
    env: [{ name: "EXTRA", value: "extra" }],
    ...more,
  },
});
const withPlugin = (more: Parts = {}, status: Parts = { token: "from-plugin" }): Case => ({
  files: { config: config({ user: execOf(more) }), "bin/plugin.sh": plugin(status) },
});

type Rows = Readonly<Record<string, () => Case>>;

const works: Rows = {
  "a token": () => one(),
  "YAML with comments, CRLF and a byte order mark": () =>
    raw(
      `\ufeff# mine\r\nclusters:\r\n- name: c\r\n  cluster:\r\n    server: https://127.0.0.1:${ports.a}\r\n    certificate-authority-data: ${ca()}\r\nusers:\r\n- name: u\r\n  user: {token: t}\r\ncontexts:\r\n- {name: x, context: {cluster: c, user: u}}\r\ncurrent-context: x\r\n`,
    ),
  "UTF-16, as PowerShell writes it": () => raw(Buffer.from(`\ufeff${config()}`, "utf16le")),
  "duplicate keys: the last counts": () =>
    raw(config().replace('"current-context"', '"current-context":"none","current-context"')),
  "an alias": () => raw(`n: &n x\n${yaml().replace("current-context: x", "current-context: *n")}`),
  "a second document, which is ignored": () => raw(`${yaml()}---\nkind: Other\n`),
  "unknown fields": () => one({ preferences: {}, later: [1, 2] }),
  "no kind and no apiVersion": () => one({ kind: undefined, apiVersion: undefined }),
  "a null list": () => one({ extensions: null }),
  "name and password": () => one({ user: { username: "ada", password: "p:w" } }),
  "a token file, relative to the kubeconfig": () => ({
    files: { "deep/config": config({ user: { tokenFile: "token" } }), "deep/token": "  from-file\n" },
    env: { KUBECONFIG: "deep/config" },
  }),
  "a token and a token file: the file counts": () => ({
    files: { config: config({ user: { token: "t", tokenFile: "token" } }), token: "from-file\n" },
  }),
  "a token and a token file that is missing": () => one({ user: { token: "t", tokenFile: "missing" } }),
  "a client certificate in data": () => one({ user: pair() }),
  "a client certificate in files": () => ({
    files: {
      config: config({ user: { "client-certificate": "cert", "client-key": "FOLDER/key" } }),
      cert: client.cert,
      key: client.key,
    },
  }),
  "a client certificate and a token": () => one({ user: { ...pair(), token: "t" } }),
  "an authority in a file": () => ({
    files: {
      config: config({ to: withoutAuthority({ "certificate-authority": "./ca" }) }),
      ca: servers.certificate.cert,
    },
  }),
  "an authority among other text": () =>
    one({
      to: withoutAuthority({ "certificate-authority-data": btoa(`text\n${client.cert}\n${servers.certificate.cert}`) }),
    }),
  "no verification": () => one({ to: withoutAuthority({ "insecure-skip-tls-verify": true }) }),
  "a server name": () => one({ to: cluster({ "tls-server-name": "kube.test" }) }),
  "a server by name": () => one({ to: cluster({ server: `https://localhost:${ports.a}` }) }),
  "a server with a path": () => one({ to: cluster({ server: `https://127.0.0.1:${ports.a}/k8s/clusters/c-1` }) }),
  "a server with a path and slashes": () => one({ to: cluster({ server: `https://127.0.0.1:${ports.a}//a//b/` }) }),
  "a server with a query": () => one({ to: cluster({ server: `https://127.0.0.1:${ports.a}/a?b=c#d` }) }),
  "a server in capitals": () => one({ to: cluster({ server: `HTTPS://127.0.0.1:${ports.a}` }) }),
  "a server by IPv6": () => one({ to: cluster({ server: `https://[::1]:${ports.six}` }) }),
  "a server without TLS: no credentials are sent": () => one({ to: plainTo(), user: { token: "t", as: "viewer" } }),
  "a server without TLS and without a user": () => one({ to: plainTo(), user: {} }),
  "a server without a scheme": () => one({ to: plainTo({ server: `127.0.0.1:${ports.plain}` }) }),
  "a name and a password in the server": () =>
    one({ to: plainTo({ server: `http://ada:p%3Aw@127.0.0.1:${ports.plain}` }) }),
  "as a user": () => one({ user: { token: "t", as: "viewer" } }),
  "as a user with groups, uid and extra": () =>
    one({
      user: {
        token: "t",
        as: "jürgen",
        "as-uid": "7",
        "as-groups": ["readers", "a b"],
        "as-user-extra": { "example.com/scopes": ["view", "edit"], "Ä%": ["ü"], empty: [] },
      },
    }),
  "a plugin": () => withPlugin(),
  "a plugin with cluster information": () => withPlugin({ provideClusterInfo: true }),
  "a plugin with all cluster information": () => ({
    files: {
      config: config({
        user: execOf({ provideClusterInfo: true, interactiveMode: "Never" }),
        to: cluster({
          "tls-server-name": "kube.test",
          "disable-compression": true,
          "proxy-url": `http://ada:pw@127.0.0.1:${ports.proxy}`,
          extensions: [{ name: "client.authentication.k8s.io/exec", extension: { audience: "me", list: [1, null] } }],
        }),
      }),
      "bin/plugin.sh": plugin({ token: "from-plugin" }),
    },
  }),
  "a plugin of v1beta1, without interactiveMode": () => ({
    files: {
      config: config({
        user: execOf({ apiVersion: "client.authentication.k8s.io/v1beta1", interactiveMode: undefined }),
      }),
      "bin/plugin.sh": plugin({ token: "t" }, "client.authentication.k8s.io/v1beta1"),
    },
  }),
  "a plugin in PATH, which its own variables do not change": () => ({
    files: {
      config: config({ user: execOf({ command: "plugin.sh", env: [{ name: "PATH", value: "/usr/bin:/bin" }] }) }),
      "bin/plugin.sh": plugin({ token: "from-path" }),
    },
    env: { PATH: `FOLDER/bin:${process.env["PATH"] ?? ""}` },
  }),
  "a plugin that gives a certificate": () =>
    withPlugin({}, { clientCertificateData: client.cert, clientKeyData: client.key }),
  "a plugin whose credential expires": () =>
    withPlugin({}, { token: "t", expirationTimestamp: "2099-01-01T00:00:00Z" }),
  "a plugin and a token: the plugin is not run": () => ({
    files: { config: config({ user: { ...execOf(), token: "t" } }), "bin/plugin.sh": plugin({ token: "from-plugin" }) },
  }),
  "a plugin for a server without TLS: it is not run": () => one({ to: plainTo(), user: execOf() }),
  "an id-token of oidc": () => {
    const token = `h.${Buffer.from(JSON.stringify({ exp: 4_070_908_800 })).toString("base64url")}.s`;
    const settings = { "idp-issuer-url": "https://issuer.test", "client-id": "me", "id-token": token };
    return one({ user: { "auth-provider": { name: "oidc", config: settings } } });
  },
  "a list whose first file is missing": () => ({
    files: { b: config() },
    env: { KUBECONFIG: "FOLDER/missing:FOLDER/b" },
  }),
  "a list with an empty entry and a file named twice": () => ({
    files: { a: config() },
    env: { KUBECONFIG: ":FOLDER/a::FOLDER/a" },
  }),
  "a list: of one name the first counts": () => ({
    files: {
      a: config(),
      b: config({ to: cluster({ server: `https://127.0.0.1:${ports.b}` }), user: { token: "b" } }),
    },
    env: { KUBECONFIG: "FOLDER/a:FOLDER/b" },
  }),
  "a list: the current context is the first that is set": () => ({
    files: {
      a: config({ name: "a", "current-context": "" }),
      b: config({ name: "b", to: cluster({ server: `https://127.0.0.1:${ports.b}` }) }),
      c: config({ name: "c" }),
    },
    env: { KUBECONFIG: "FOLDER/a:FOLDER/b:FOLDER/c" },
  }),
  "a list: a context of one file, a cluster and a user of others": () => ({
    files: {
      a: JSON.stringify({ contexts: [{ name: "x", context: { cluster: "c", user: "u" } }], "current-context": "x" }),
      "b/b": JSON.stringify({ users: [{ name: "u", user: { tokenFile: "token" } }] }),
      "b/token": "from-b",
      "c/c": JSON.stringify({
        clusters: [{ name: "c", cluster: withoutAuthority({ "certificate-authority": "ca" }) }],
      }),
      "c/ca": servers.certificate.cert,
    },
    env: { KUBECONFIG: "FOLDER/a:FOLDER/b/b:FOLDER/c/c" },
  }),
  "the default file": () => ({ files: { ".kube/config": config() }, env: { KUBECONFIG: "" } }),
  "an empty file and another": () => ({ files: { a: "", b: config() }, env: { KUBECONFIG: "FOLDER/a:FOLDER/b" } }),
  "--kubeconfig over KUBECONFIG": () => ({
    files: { config: config({ to: cluster({ server: `https://127.0.0.1:${ports.b}` }) }), given: config() },
    flags: { kubeconfig: "given" },
  }),
  "--context, --cluster and --user": () => ({
    files: {
      config: config({
        "current-context": "",
        users: [
          { name: "x", user: {} },
          { name: "y", user: { token: "y" } },
        ],
      }),
    },
    flags: { context: "x", cluster: "x", user: "y" },
  }),
  "--as and --as-group over a user that acts": () => ({
    files: { config: config({ user: { token: "t", as: "viewer", "as-groups": ["readers"], "as-uid": "7" } }) },
    flags: { as: "ada", asGroup: ["writers", "auditors"] },
  }),
  "--as alone keeps the groups": () => ({
    files: { config: config({ user: { token: "t", as: "viewer", "as-groups": ["readers"] } }) },
    flags: { as: "ada" },
  }),
  "--token": () => ({ ...one({ user: {} }), flags: { token: "given" } }),
  "--server drops the server name": () => ({
    ...one({ to: cluster({ "tls-server-name": "wrong.test" }) }),
    flags: { server: `https://127.0.0.1:${ports.b}` },
  }),
  "--insecure-skip-tls-verify over an authority": () => ({
    ...one({ to: cluster({ "certificate-authority-data": btoa(client.cert) }) }),
    flags: { insecureSkipTlsVerify: true },
  }),
  "--certificate-authority": () => ({
    files: {
      config: config({ to: withoutAuthority({ "insecure-skip-tls-verify": true }) }),
      ca: servers.certificate.cert,
    },
    flags: { certificateAuthority: "ca" },
  }),
  "--tls-server-name": () => ({ ...one(), flags: { tlsServerName: "localhost" } }),
  "a proxy": () => one({ to: cluster({ "proxy-url": `http://127.0.0.1:${ports.proxy}` }) }),
  "a proxy with credentials": () => one({ to: cluster({ "proxy-url": `http://ada:p%40w@127.0.0.1:${ports.proxy}/` }) }),
  "a proxy over TLS": () => one({ to: cluster({ "proxy-url": `https://127.0.0.1:${ports.tlsProxy}` }) }),
  "a proxy to a name that it alone knows": () =>
    one({ to: cluster({ server: `https://kube.test:${ports.a}`, "proxy-url": `http://127.0.0.1:${ports.proxy}` }) }),
  "a proxy for a server without TLS": () =>
    one({ to: plainTo({ server: "http://inside.test:8080/a", "proxy-url": `http://a:b@127.0.0.1:${ports.proxy}` }) }),
  "a SOCKS proxy": () => one({ to: cluster({ "proxy-url": `socks5://127.0.0.1:${ports.socks}` }) }),
  "a SOCKS proxy with a login, to a name": () =>
    one({
      to: cluster({ server: `https://kube.test:${ports.a}`, "proxy-url": `socks5://ada:pw@127.0.0.1:${ports.socks}` }),
    }),
  "HTTPS_PROXY, not for loopback": () => ({ ...one(), env: { HTTPS_PROXY: `http://127.0.0.1:${ports.proxy}` } }),
  "HTTPS_PROXY, without a scheme": () => ({
    ...one({ to: cluster({ server: `https://kube.test:${ports.a}` }) }),
    env: { HTTPS_PROXY: `127.0.0.1:${ports.proxy}` },
  }),
  "https_proxy with NO_PROXY of others": () => ({
    ...one({ to: cluster({ server: `https://kube.test:${ports.a}` }) }),
    env: { https_proxy: `http://127.0.0.1:${ports.proxy}`, NO_PROXY: "example.com,.kube.test,10.0.0.0/8,kube.test:1" },
  }),
  "HTTP_PROXY for a server without TLS": () => ({
    ...one({ to: plainTo({ server: "http://inside.test:8080" }) }),
    env: { HTTP_PROXY: `http://127.0.0.1:${ports.proxy}` },
  }),
};

const fails: Rows = {
  "no file at all": () => ({ files: {} }),
  "a list of missing files": () => ({ files: {}, env: { KUBECONFIG: "FOLDER/a:FOLDER/b" } }),
  "an empty file": () => raw(""),
  "--kubeconfig that is missing": () => ({ ...one(), flags: { kubeconfig: "missing" } }),
  "a directory": () => ({ files: { "config/file": "" } }),
  "text that is no YAML": () => raw("{ clusters: ["),
  "a word": () => raw("kubeconfig"),
  "a list of things": () => raw("- a\n"),
  tabs: () => raw(yaml().replace("  cluster:", "\tcluster:")),
  binary: () => raw(Buffer.from([0xff, 0x00, 0xfe, 0x80, 0x81])),
  "another kind": () => one({ kind: "Pod" }),
  "another apiVersion": () => one({ apiVersion: "v2" }),
  "a list that is an object": () => one({ users: { x: { token: "t" } } }),
  "a token that is a number": () => one({ user: { token: 12 } }),
  "a token that YAML reads as a boolean": () => raw(yaml().replace("token: t", "token: yes")),
  "a flag that is a string": () => one({ to: cluster({ "insecure-skip-tls-verify": "false" }) }),
  "an authority that is not base64": () => one({ to: withoutAuthority({ "certificate-authority-data": "%%%" }) }),
  "two clusters of one name": () =>
    one({
      clusters: [
        { name: "x", cluster: cluster() },
        { name: "x", cluster: cluster() },
      ],
    }),
  "a broken file in the list": () => ({ files: { a: config(), b: "{" }, env: { KUBECONFIG: "FOLDER/a:FOLDER/b" } }),
  "a current context that is missing": () => one({ "current-context": "none" }),
  "no current context": () => one({ "current-context": "" }),
  "a context whose cluster is missing": () => one({ context: { cluster: "none" } }),
  "a context whose user is missing": () => one({ context: { user: "none" } }),
  "a user without credentials": () => one({ user: {} }),
  "a user that only acts": () => one({ user: { as: "viewer" } }),
  "a cluster without a server": () => one({ to: { "certificate-authority-data": ca() } }),
  "--context that is missing": () => ({ ...one(), flags: { context: "none" } }),
  "--cluster that is missing": () => ({ ...one(), flags: { cluster: "none" } }),
  "--user that is missing": () => ({ ...one(), flags: { user: "none" } }),
  "a token and a password": () => one({ user: { token: "t", username: "ada", password: "w" } }),
  "a token file that is missing": () => one({ user: { tokenFile: "missing" } }),
  "a token file that is empty": () => ({ files: { config: config({ user: { tokenFile: "token" } }), token: "" } }),
  "a token with a line break": () => one({ user: { token: "a\nb" } }),
  "groups without a user": () => one({ user: { token: "t", "as-groups": ["readers"] } }),
  "a certificate without a key": () => one({ user: { "client-certificate-data": btoa(client.cert) } }),
  "a key of another certificate": () => one({ user: { ...pair(), "client-key-data": btoa(other.key) } }),
  "a certificate file that is missing": () => one({ user: { "client-certificate": "none", "client-key": "none" } }),
  "an authority that is another's": () => one({ to: cluster({ "certificate-authority-data": btoa(client.cert) }) }),
  "an authority without a certificate": () => one({ to: cluster({ "certificate-authority-data": btoa("hello") }) }),
  "an authority file that is missing": () => one({ to: withoutAuthority({ "certificate-authority": "none" }) }),
  "an authority and no verification": () => one({ to: cluster({ "insecure-skip-tls-verify": true }) }),
  "an unknown authority": () => one({ to: withoutAuthority({}) }),
  "a server name that is not in the certificate": () => one({ to: cluster({ "tls-server-name": "wrong.test" }) }),
  "a server with a space": () => one({ to: cluster({ server: `https://127.0.0.1:${ports.a} ` }) }),
  "a server of another scheme": () => one({ to: cluster({ server: `ftp://127.0.0.1:${ports.a}` }) }),
  "a server with a path and no scheme": () => one({ to: plainTo({ server: `127.0.0.1:${ports.plain}/a` }) }),
  "a proxy of another scheme": () => one({ to: cluster({ "proxy-url": `ftp://127.0.0.1:${ports.proxy}` }) }),
  "a proxy without a scheme": () => one({ to: cluster({ "proxy-url": `127.0.0.1:${ports.proxy}` }) }),
  "a proxy that rejects the connection": () =>
    one({ to: cluster({ server: "https://forbidden.test:1", "proxy-url": `http://127.0.0.1:${ports.proxy}` }) }),
  "a plugin that is missing": () => one({ user: execOf({ command: "no-such-plugin", installHint: "install it" }) }),
  "a plugin that needs a terminal": () => withPlugin({ interactiveMode: "Always" }),
  "a plugin without interactiveMode": () => withPlugin({ interactiveMode: undefined }),
  "a plugin of v1alpha1": () => withPlugin({ apiVersion: "client.authentication.k8s.io/v1alpha1" }),
  "a plugin that answers in another version": () => ({
    files: {
      config: config({ user: execOf() }),
      "bin/plugin.sh": plugin({ token: "t" }, "client.authentication.k8s.io/v1beta1"),
    },
  }),
  "a plugin without a credential": () => withPlugin({}, {}),
  "a plugin with half a pair": () => withPlugin({}, { token: "t", clientKeyData: client.key }),
  "a plugin that prints nonsense": () => ({
    files: { config: config({ user: execOf() }), "bin/plugin.sh": "#!/bin/sh\necho nonsense\n" },
  }),
  "a plugin whose JSON has a line break in a string": () => ({
    files: {
      config: config({ user: execOf() }),
      "bin/plugin.sh": plugin({ token: "t" }).replace('"token":"t"', '"token":"a\nb"'),
    },
  }),
  "a plugin that fails": () => ({
    files: { config: config({ user: execOf() }), "bin/plugin.sh": "#!/bin/sh\nexit 3\n" },
  }),
  "a plugin and a provider": () => one({ user: { ...execOf(), "auth-provider": { name: "oidc" } } }),
  "a provider that was removed": () => one({ user: { "auth-provider": { name: "gcp" } } }),
  "an unknown provider": () => one({ user: { "auth-provider": { name: "none" } } }),
};

function yaml(): string {
  return `clusters:
- name: c
  cluster:
    server: https://127.0.0.1:${ports.a}
    certificate-authority-data: ${ca()}
users:
- name: u
  user:
    token: t
contexts:
- name: x
  context: {cluster: c, user: u}
current-context: x
`;
}

describe.each([
  ["works", works],
  ["fails", fails],
] as const)("%s as with kubectl:", (expected, rows) => {
  it.each(Object.entries(rows))("%s", async (_, makeCase) => {
    const { kubectl, connection, transport, errors, folder } = await outcomes(makeCase(), servers);
    expect(kubectl.works, errors.join("\n")).toBe(expected === "works");
    expect({ connection, transport }, errors.join("\n")).toEqual({ connection: kubectl, transport: kubectl });
    // The message is one line, names no secret, and is not empty.
    for (const line of errors.slice(1)) expect(line).toMatch(/^(?!.*(PRIVATE KEY|p:w|p%40w)).{10,400}$/);
    expect(existsSync(join(folder, "stdin")) ? readFileSync(join(folder, "stdin"), "utf8") : "").toBe("");
  });
});
