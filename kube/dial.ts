/** Opens sockets to the API server, through a proxy and with TLS if needed. */
import { once } from "node:events";
import { request } from "node:http";
import { connect, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { Proxy } from "./proxies.ts";
import type { ServerUrl } from "./server-url.ts";
import { openSocks } from "./socks.ts";
import type { TlsOptions } from "./tls.ts";

const deadlineMs = 30_000;
const keepAliveMs = 30_000;

export interface Route {
  readonly server: ServerUrl;
  readonly proxy: Proxy | undefined;
}

/** Returns a connected socket. Rejects after 30 seconds; errors of a proxy name the proxy without its password. */
export async function dial(route: Route, tls: TlsOptions | undefined): Promise<Socket> {
  const open: Socket[] = [];
  const timer = setTimeout(() => {
    for (const socket of open) socket.destroy(new Error(`no connection within ${deadlineMs / 1_000} seconds`));
  }, deadlineMs);
  try {
    const socket = await openSocket(route, tls, (each) => {
      // An error before the caller listens must not end the process.
      open.push(each.on("error", () => undefined));
    });
    socket.setNoDelay(true);
    return socket;
  } catch (error) {
    for (const socket of open) socket.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** Registers a socket that is being opened, so that the deadline can destroy it. */
type TrackSocket = (socket: Socket) => void;

async function openSocket({ server, proxy }: Route, tls: TlsOptions | undefined, track: TrackSocket): Promise<Socket> {
  if (proxy === undefined) {
    const socket = await connectTcp(server.host, server.port, track);
    return server.isTls ? await upgradeToTls(socket, server.host, tls, track) : socket;
  }
  const socket = await connectToProxy(proxy, tls, track);
  // For a server without TLS, the proxy itself receives the requests: see ClusterAccess.
  if (proxy.kind !== "socks5" && !server.isTls) return socket;
  const name = `the proxy ${proxy.host}:${proxy.port}`;
  if (proxy.kind === "socks5") await openSocks(socket, { target: server, login: proxy, name });
  else await openTunnel(socket, { server, proxy, name });
  return server.isTls ? await upgradeToTls(socket, server.host, tls, track) : socket;
}

async function connectToProxy(proxy: Proxy, tls: TlsOptions | undefined, track: TrackSocket): Promise<Socket> {
  const socket = await connectTcp(proxy.host, proxy.port, track);
  if (proxy.kind !== "https") return socket;
  // The proxy is verified like the server, but receives no client certificate.
  const verification = tls === undefined ? { rejectUnauthorized: true } : withoutCertificate(tls);
  return await upgradeToTls(socket, proxy.host, verification, track);
}

function withoutCertificate(tls: TlsOptions): Partial<TlsOptions> {
  return Object.fromEntries(Object.entries(tls).filter(([name]) => name !== "cert" && name !== "key"));
}

async function connectTcp(host: string, port: number, track: TrackSocket): Promise<Socket> {
  const socket = connect({ host, port, keepAlive: true, keepAliveInitialDelay: keepAliveMs });
  track(socket);
  await once(socket, "connect");
  return socket;
}

async function upgradeToTls(
  socket: Socket,
  host: string,
  tls: Partial<TlsOptions> | undefined,
  track: TrackSocket,
): Promise<Socket> {
  const secure = connectTls({ socket, host, servername: isIP(host) === 0 ? host : "", ...tls });
  track(secure);
  await once(secure, "secureConnect");
  return secure;
}

interface Tunnel {
  readonly server: ServerUrl;
  readonly proxy: Proxy;
  readonly name: string;
}

async function openTunnel(socket: Socket, { server, proxy, name }: Tunnel): Promise<void> {
  const target = `${isIP(server.host) === 6 ? `[${server.host}]` : server.host}:${server.port}`;
  const asked = request({
    method: "CONNECT",
    path: target,
    createConnection: () => socket,
    headers: { host: target, ...(proxy.basicAuth === "" ? {} : { "proxy-authorization": proxy.basicAuth }) },
  });
  asked.end();
  const [answer] = (await once(asked, "connect")) as [{ readonly statusCode?: number }];
  if (answer.statusCode !== 200)
    throw new Error(`${name} rejects the connection with status ${answer.statusCode ?? 0}`);
}
