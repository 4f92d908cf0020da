/** Reads the typed fields of one kubeconfig document. Ignores unknown fields, as kubectl does. */
import { KubeconfigError } from "./errors.ts";
import { Fields } from "./fields.ts";
import type { AuthProvider, Cluster, Context, ExecConfig, Kubeconfig, User } from "./types.ts";
import { parseYaml } from "./yaml.ts";

const execExtension = "client.authentication.k8s.io/exec";

/** Reads a kubeconfig's text. `source` names it in errors. Throws KubeconfigError. */
export function readDocument(text: string, source: string): Kubeconfig {
  const document = new Fields(parseYaml(text, source), "", source);
  const kind = document.text("kind");
  const apiVersion = document.text("apiVersion");
  if ((kind !== "" && kind !== "Config") || (apiVersion !== "" && apiVersion !== "v1")) {
    throw new KubeconfigError(`${source} is not a kubeconfig; allowed: kind Config of apiVersion v1`);
  }
  return {
    currentContext: document.text("current-context"),
    clusters: readNamed(document, "clusters", source, (entry) => clusterOf(entry.object("cluster"))),
    users: readNamed(document, "users", source, (entry) => userOf(entry.object("user"))),
    contexts: readNamed(document, "contexts", source, (entry) => contextOf(entry.object("context"))),
  };
}

function readNamed<T>(document: Fields, key: string, source: string, read: (entry: Fields) => T): Map<string, T> {
  const entries = new Map<string, T>();
  for (const entry of document.objects(key)) {
    const name = entry.text("name");
    if (entries.has(name)) throw new KubeconfigError(`${source}: ${key} has two entries with the same name`);
    entries.set(name, read(entry));
  }
  return entries;
}

function clusterOf(fields: Fields): Cluster {
  const extension = fields.objects("extensions").find((each) => each.text("name") === execExtension);
  return {
    server: fields.text("server"),
    tlsServerName: fields.text("tls-server-name"),
    insecureSkipTlsVerify: fields.flag("insecure-skip-tls-verify"),
    certificateAuthority: fields.text("certificate-authority"),
    certificateAuthorityData: fields.decoded("certificate-authority-data"),
    proxyUrl: fields.text("proxy-url"),
    disableCompression: fields.flag("disable-compression"),
    execConfig: extension?.raw("extension"),
  };
}

function userOf(fields: Fields): User {
  const extra = fields.object("as-user-extra");
  return {
    clientCertificate: fields.text("client-certificate"),
    clientCertificateData: fields.decoded("client-certificate-data"),
    clientKey: fields.text("client-key"),
    clientKeyData: fields.decoded("client-key-data"),
    token: fields.text("token"),
    tokenFile: fields.text("tokenFile"),
    as: fields.text("as"),
    asUid: fields.text("as-uid"),
    asGroups: fields.texts("as-groups"),
    asUserExtra: Object.fromEntries(extra.keys().map((key) => [key, extra.texts(key)])),
    username: fields.text("username"),
    password: fields.text("password"),
    authProvider: fields.has("auth-provider") ? authProviderOf(fields.object("auth-provider")) : undefined,
    exec: fields.has("exec") ? execOf(fields.object("exec")) : undefined,
  };
}

function authProviderOf(fields: Fields): AuthProvider {
  const config = fields.object("config");
  return { name: fields.text("name"), config: Object.fromEntries(config.keys().map((key) => [key, config.text(key)])) };
}

function execOf(fields: Fields): ExecConfig {
  return {
    command: fields.text("command"),
    args: fields.texts("args"),
    env: fields.objects("env").map((each) => ({ name: each.text("name"), value: each.text("value") })),
    apiVersion: fields.text("apiVersion"),
    installHint: fields.text("installHint"),
    provideClusterInfo: fields.flag("provideClusterInfo"),
    interactiveMode: fields.text("interactiveMode"),
  };
}

function contextOf(fields: Fields): Context {
  return { cluster: fields.text("cluster"), user: fields.text("user"), namespace: fields.text("namespace") };
}
