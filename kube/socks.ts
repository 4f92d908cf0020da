/** Connects through a SOCKS5 proxy (RFC 1928), without login or with name and password (RFC 1929). */
import { once } from "node:events";
import { isIPv4, type Socket } from "node:net";

export interface SocksOptions {
  readonly target: { readonly host: string; readonly port: number };
  readonly login: { readonly username: string; readonly password: string };
  /** Names the proxy in errors. */
  readonly name: string;
}

const version = 5;
const noLogin = 0;
const passwordLogin = 2;

/** Resolves once the socket is connected to the target. The proxy resolves the target's name. */
export async function openSocks(socket: Socket, { target, login, name }: SocksOptions): Promise<void> {
  const hasLogin = login.username !== "";
  socket.write(Buffer.from(hasLogin ? [version, 2, noLogin, passwordLogin] : [version, 1, noLogin]));
  const [, method] = await readBytes(socket, 2);
  if (method === passwordLogin && hasLogin) {
    socket.write(Buffer.concat([Buffer.from([1]), lengthPrefixed(login.username), lengthPrefixed(login.password)]));
    const [, status] = await readBytes(socket, 2);
    if (status !== 0) throw new Error(`${name} rejects the name and password of proxy-url`);
  } else if (method !== noLogin) {
    throw new Error(`${name} allows no supported login method; supported: none, name and password`);
  }
  socket.write(Buffer.concat([Buffer.from([version, 1, 0]), addressOf(target.host), portOf(target.port)]));
  const [, reply, , kind] = await readBytes(socket, 4);
  if (reply !== 0) throw new Error(`${name} cannot connect to the API server (SOCKS reply ${reply ?? 0})`);
  const length = kind === 1 ? 4 : kind === 4 ? 16 : ((await readBytes(socket, 1))[0] ?? 0);
  await readBytes(socket, length + 2);
}

function lengthPrefixed(text: string): Buffer {
  const encoded = Buffer.from(text, "utf8").subarray(0, 255);
  return Buffer.concat([Buffer.from([encoded.length]), encoded]);
}

function addressOf(host: string): Buffer {
  if (isIPv4(host)) return Buffer.from([1, ...host.split(".").map(Number)]);
  return Buffer.concat([Buffer.from([3]), lengthPrefixed(host)]);
}

function portOf(port: number): Buffer {
  return Buffer.from([port >> 8, port & 0xff]);
}

/** Reads exactly `count` bytes; later bytes stay in the socket. */
async function readBytes(socket: Socket, count: number): Promise<Buffer> {
  for (;;) {
    const read = socket.read(count) as Buffer | null;
    if (read !== null) return read;
    if (socket.readableEnded || socket.destroyed) throw new Error("the proxy closed the connection");
    await Promise.race([once(socket, "readable"), once(socket, "end")]);
  }
}
