/** Finds the proxy of a server: the cluster's proxy-url, or else the environment's, by the rules of Go's net/http. */
import { BlockList, isIP } from "node:net";
import { KubeconfigError } from "./errors.ts";
import { basicAuthOf, urlOf, type ServerUrl } from "./server-url.ts";

export interface Proxy {
  readonly kind: "http" | "https" | "socks5";
  readonly host: string;
  readonly port: number;
  /** Value of Proxy-Authorization; empty without credentials. */
  readonly basicAuth: string;
  readonly username: string;
  readonly password: string;
}

type Variables = Readonly<Record<string, string | undefined>>;

const defaultPorts = { http: 80, https: 443, socks5: 1080 } as const;

/** Parses the proxy-url of a cluster. Throws KubeconfigError without quoting it, because it may contain a password. */
export function parseProxyUrl(text: string, subject: string): Proxy {
  const proxy = proxyOf(text);
  if (proxy === undefined) {
    throw new KubeconfigError(`${subject} has an invalid proxy-url; allowed: http, https or socks5://HOST:PORT`);
  }
  return proxy;
}

/** Returns the proxy of HTTPS_PROXY or HTTP_PROXY, except for NO_PROXY and loopback. Throws KubeconfigError. */
export function environmentProxy(server: ServerUrl, variables: Variables): Proxy | undefined {
  const name = server.isTls ? "HTTPS_PROXY" : "HTTP_PROXY";
  const text = variables[name] || variables[name.toLowerCase()] || "";
  if (text === "" || isLoopback(server.host)) return undefined;
  // Ignored in a CGI program, where a request header can set HTTP_PROXY.
  if (!server.isTls && (variables["REQUEST_METHOD"] ?? "") !== "") return undefined;
  if (isExempt(server, variables["NO_PROXY"] || variables["no_proxy"] || "")) return undefined;
  const proxy = proxyOf(text) ?? proxyOf(`http://${text}`);
  if (proxy === undefined) {
    throw new KubeconfigError(`${name} is not the address of a proxy; allowed: http, https or socks5://HOST:PORT`);
  }
  return proxy;
}

function proxyOf(text: string): Proxy | undefined {
  const url = urlOf(text);
  const kind = url?.protocol.replace(/h?:$/, "") ?? "";
  if (url === undefined || url.hostname === "" || !(kind === "http" || kind === "https" || kind === "socks5")) {
    return undefined;
  }
  return {
    kind,
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: Number(url.port || defaultPorts[kind]),
    basicAuth: basicAuthOf(url),
    username: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
  };
}

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

function isLoopback(host: string): boolean {
  return host === "localhost" || contains(loopback, host);
}

function contains(list: BlockList, host: string): boolean {
  const family = isIP(host);
  return family !== 0 && list.check(host, family === 6 ? "ipv6" : "ipv4");
}

/** True if NO_PROXY has an entry for this server: *, an address, a range, or a domain; a port is optional. */
function isExempt({ host, port }: ServerUrl, noProxy: string): boolean {
  const name = host.toLowerCase();
  return noProxy
    .split(",")
    .map((entry) => entry.trim().toLowerCase())
    .filter((entry) => entry !== "")
    .some((entry) => entry === "*" || isInRange(entry, name) || matchesName(entry, name, port));
}

function isInRange(entry: string, host: string): boolean {
  const [address = "", bits = ""] = entry.split("/");
  const family = isIP(address);
  if (family === 0 || !/^\d{1,3}$/.test(bits) || Number(bits) > (family === 6 ? 128 : 32)) return false;
  const range = new BlockList();
  range.addSubnet(address, Number(bits), family === 6 ? "ipv6" : "ipv4");
  return contains(range, host);
}

function matchesName(entry: string, host: string, port: number): boolean {
  const parts = /^(?:\[(?<bracketed>.+)\]|(?<plain>[^:]*))(?::(?<port>\d+))?$/.exec(entry)?.groups ?? { plain: entry };
  if (parts["port"] !== undefined && Number(parts["port"]) !== port) return false;
  const named = parts["bracketed"] ?? parts["plain"] ?? "";
  if (named === "") return false;
  if (isIP(named) !== 0) {
    const one = new BlockList();
    one.addAddress(named, isIP(named) === 6 ? "ipv6" : "ipv4");
    return contains(one, host);
  }
  const domain = named.replace(/^\*\./, ".");
  return domain.startsWith(".") ? host.endsWith(domain) : host === domain || host.endsWith(`.${domain}`);
}
