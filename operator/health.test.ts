import { once } from "node:events";
import type { Server } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { eventually } from "../test/eventually.ts";
import { serveHealth } from "./health.ts";

let server: Server | undefined;
const sockets = new Set<Socket>();

afterEach(() => {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  server?.closeAllConnections();
  server?.close();
});

const port = (): number => (server?.address() as AddressInfo).port;

async function ask(path: string): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port()}${path}`);
  return `${response.status} ${(await response.text()).trim()}`;
}

/** Opens a connection and sends bytes on it; `received` has what came back so far. */
async function send(bytes: string | Buffer): Promise<{ socket: Socket; received: () => string }> {
  let text = "";
  const socket = connect(port(), "127.0.0.1");
  sockets.add(socket);
  socket.on("data", (chunk: Buffer) => (text += chunk.toString("latin1")));
  socket.on("error", () => undefined);
  await once(socket, "connect");
  socket.write(bytes);
  return { socket, received: () => text };
}

const fine = (): undefined => undefined;
const metrics = (): string => "up 1\n";
const serveFine = async (): Promise<void> => {
  server = await serveHealth(0, { livez: { queue: fine }, readyz: { queue: fine }, metrics });
};

test("each probe runs its checks at each request, and lists them with ?verbose or when one fails", async () => {
  let missing: string | undefined = "waiting for pods";
  server = await serveHealth(0, { livez: { queue: fine }, readyz: { queue: fine, caches: () => missing }, metrics });
  expect(await ask("/livez")).toBe("200 ok");
  expect(await ask("/livez?verbose")).toBe("200 [+] queue ok");
  expect(await ask("/livez?a=b&verbose=1")).toBe("200 [+] queue ok");
  expect(await ask("/readyz")).toBe("503 [+] queue ok\n[-] caches: waiting for pods");
  missing = undefined;
  expect(await ask("/readyz")).toBe("200 ok");
  expect(await ask("/readyz?verbose")).toBe("200 [+] queue ok\n[+] caches ok");
  expect(await ask("/metrics")).toBe("200 up 1");
  expect(await ask("/")).toBe("404 not found: use /livez, /readyz or /metrics");
});

test("the start fails if the port is in use", async () => {
  await serveFine();
  await expect(serveHealth(port(), { livez: {}, readyz: {}, metrics })).rejects.toThrow("EADDRINUSE");
});

describe("bytes of an attacker", () => {
  test.each([
    ["two slashes", "GET // HTTP/1.1\r\nHost: a\r\n\r\n", "404"],
    ["three slashes", "GET /// HTTP/1.1\r\nHost: a\r\n\r\n", "404"],
    ["a slash and a backslash", "GET /\\ HTTP/1.1\r\nHost: a\r\n\r\n", "404"],
    ["half an IPv6 host", "GET http://[ HTTP/1.1\r\nHost: a\r\n\r\n", "404"],
    ["a port that is none", "GET http://a:99999/livez HTTP/1.1\r\nHost: a\r\n\r\n", "404"],
    ["broken percent signs", "GET /%?%E0%A4%A&verbose=% HTTP/1.1\r\nHost: a\r\n\r\n", "404"],
    ["an asterisk", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "405"],
    ["the name of a prototype", "GET /__proto__?constructor HTTP/1.1\r\nHost: a\r\n\r\n", "404"],
    ["HTTP/1.0", "GET /livez HTTP/1.0\r\n\r\n", "200"],
    ["HEAD", "HEAD /livez HTTP/1.1\r\nHost: a\r\n\r\n", "200"],
    ["POST with a body", "POST /livez HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", "405"],
    ["a body that never ends", "POST /livez HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\n", "405"],
    ["a GET with half a body", "GET /livez HTTP/1.1\r\nHost: a\r\nContent-Length: 999\r\n\r\nabc", "200"],
    ["an upgrade", "GET /livez HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n", "200"],
    ["an expectation", "GET /livez HTTP/1.1\r\nHost: a\r\nExpect: wonders\r\n\r\n", "417"],
    ["a tunnel", "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", ""],
    ["no host", "GET /livez HTTP/1.1\r\n\r\n", "400"],
    ["a header of 20 KB", `GET /livez HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(20_000)}\r\n\r\n`, ""],
    ["a path of 20 KB", `GET /${"x".repeat(20_000)} HTTP/1.1\r\n`, ""],
    ["a version that is none", "GET / HTTP/9.9\r\n\r\n", ""],
    ["two lengths", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", ""],
    ["the start of TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", ""],
    ["the start of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", ""],
    ["zeros", "\0".repeat(100_000), ""],
    ["line feeds", `${"\n".repeat(100_000)}\u0001\n`, ""],
  ])("%s: answered or closed, and the next probe is answered", async (_what, bytes, code) => {
    await serveFine();
    const { socket, received } = await send(Buffer.from(bytes, "latin1"));
    if (code === "") await eventually("the connection is closed", () => socket.closed);
    else await eventually("an answer", () => received().startsWith(`HTTP/1.1 ${code}`));
    expect(await ask("/livez")).toBe("200 ok");
  });

  test("headers that never end are cut off", async () => {
    await serveFine();
    const { socket } = await send("GET /livez HTTP/1.1\r\nHost: a\r\nX-A: ");
    const dribble = setInterval(() => socket.write("a"), 500);
    await eventually("the connection is closed", () => socket.closed);
    clearInterval(dribble);
    expect(await ask("/livez")).toBe("200 ok");
  });

  test("a client that disconnects early, and one that never reads the response, keep no memory", async () => {
    server = await serveHealth(0, { livez: {}, readyz: {}, metrics: () => "x".repeat(20_000_000) });
    const gone = await send("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
    gone.socket.destroy();
    const deaf = await send("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n".repeat(2_000));
    deaf.socket.pause();
    await eventually("both are closed", async () => (await connections()) === 0);
  });

  test("no number of idle connections locks a probe out", async () => {
    await serveFine();
    await Promise.all(Array.from({ length: 1_000 }, (_, i) => send(i % 2 === 0 ? "" : "GET /liv")));
    for (let i = 0; i < 5; i += 1) expect(await ask("/livez")).toBe("200 ok");
    expect(await connections()).toBeLessThanOrEqual(64);
  });

  test("an accept that fails, as with too many open files, ends nothing", async () => {
    await serveFine();
    server?.emit("error", new Error("accept EMFILE"));
    expect(await ask("/livez")).toBe("200 ok");
  });

  test("a check or a metric that throws is a 500", async () => {
    const broken = (): never => {
      throw new Error("broken");
    };
    server = await serveHealth(0, { livez: { queue: broken }, readyz: {}, metrics: broken });
    expect(await ask("/livez")).toBe("500 internal error: broken");
    expect(await ask("/metrics")).toBe("500 internal error: broken");
    expect(await ask("/readyz")).toBe("200 ok");
  });
});

test("metrics are computed at most once a second, for all that ask together", async () => {
  let computed = 0;
  const counted = (): string => `computed ${(computed += 1)}\n`;
  server = await serveHealth(0, { livez: {}, readyz: {}, metrics: counted });
  const beganMs = performance.now();
  for (let round = 0; round < 5; round += 1) await Promise.all(Array.from({ length: 20 }, () => ask("/metrics")));
  expect(computed).toBeLessThanOrEqual(1 + Math.ceil((performance.now() - beganMs) / 1_000));
  const before = computed;
  await eventually("they are computed again", async () => (await ask("/metrics")) === `200 computed ${before + 1}`);
});

function connections(): Promise<number> {
  return new Promise((resolve) => server?.getConnections((_error, count) => resolve(count)));
}
