/** Parses a cluster's address like client-go: host, host:port or URL, with a path that prefixes every request. */
import { KubeconfigError } from "./errors.ts";

export interface ServerUrl {
  readonly isTls: boolean;
  /** Without brackets around an IPv6 address. */
  readonly host: string;
  readonly port: number;
  /** host:port as in a Host header, without the scheme's default port. */
  readonly authority: string;
  /** Prefix of each request's path: empty or `/a/b`, without a trailing slash. */
  readonly path: string;
  /** Authorization header from the URL's name and password; empty without them. */
  readonly basicAuth: string;
}

/** Parses a cluster's server; no scheme means plain HTTP. Throws KubeconfigError without quoting a password. */
export function parseServer(server: string, subject: string): ServerUrl {
  const hasScheme = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]/i.test(server);
  const url = urlOf(hasScheme ? server : `http://${server}`);
  const isAllowed = url !== undefined && ["http:", "https:"].includes(url.protocol) && url.hostname !== "";
  if (!isAllowed || (!hasScheme && !["", "/"].includes(url.pathname))) {
    throw new KubeconfigError(
      `${subject} has a server that is not an address; allowed: https://HOST:PORT/PATH, HOST:PORT`,
    );
  }
  const isTls = url.protocol === "https:";
  return {
    isTls,
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: Number(url.port || (isTls ? 443 : 80)),
    authority: url.host,
    path: url.pathname.replace(/\/{2,}/g, "/").replace(/\/$/, ""),
    basicAuth: basicAuthOf(url),
  };
}

/** Returns an Authorization header from a URL's user information; empty without any. */
export function basicAuthOf({ username, password }: URL): string {
  if (username === "" && password === "") return "";
  return basicAuth(unescapePercent(username), unescapePercent(password));
}

export function basicAuth(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

/** Parses a URL; undefined if invalid. Rejects spaces and backslashes, which `URL` would drop or convert. */
export function urlOf(text: string): URL | undefined {
  return /[\s\\\u0000-\u001f\u007f]/.test(text) ? undefined : (URL.parse(text) ?? undefined);
}

function unescapePercent(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
