/** Only the request references the AbortSignal.any signal of a watch: it must survive garbage collection. */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { HttpClient, type HttpAccess } from "./http-client.ts";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

const requests = 300;
let server: Server;
let url: string;
let waiting = 0;
let waiters: (() => void)[] = [];
beforeAll(async () => {
  server = createServer((asked, answer) => {
    // One kind gets no head, the other no end.
    if (asked.url === "/head") answer.writeHead(200).write("x");
    waiting += 1;
    if (waiting === requests) for (const resolve of waiters) resolve();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

function allReceived(): Promise<void> {
  waiting = 0;
  waiters = [];
  return new Promise((resolve) => waiters.push(resolve));
}

const access: HttpAccess = {
  get origin() {
    return url;
  },
  pathPrefix: "",
  credentials: () => ({ headers: {}, tls: undefined, tlsKey: "" }),
  renew: () => Promise.resolve(false),
  connect: async () => {
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    await once(socket, "connect");
    return socket;
  },
};

/** True once the request has failed. */
async function whole(client: HttpClient, path: string, signal: AbortSignal): Promise<boolean> {
  const options = { signal, timeoutMs: 600_000, maxBytes: 1_000 };
  return client.send("GET", path, options).then(
    () => false,
    () => true,
  );
}

async function stream(client: HttpClient, path: string, signal: AbortSignal): Promise<boolean> {
  try {
    const { chunks } = await client.open(path, { signal, headersTimeoutMs: 600_000 });
    for await (const chunk of chunks) expect(chunk.length).toBeGreaterThan(0);
    return false;
  } catch {
    return true;
  }
}

describe.each(["/hang", "/head"])("requests to %s", (path) => {
  it.each([
    ["whole answers", whole],
    ["streams", stream],
  ])(
    "for %s end when a composite signal's source is aborted after collections",
    async (_, ask) => {
      const client = new HttpClient(access, { userAgent: "test" });
      const stop = new AbortController();
      const idle = Array.from({ length: requests }, () => new AbortController());
      const received = allReceived();
      const ended = idle.map(({ signal }) => ask(client, path, AbortSignal.any([stop.signal, signal])));
      await received;
      for (let n = 0; n < 5; n++) {
        collectGarbage();
        await new Promise((resolve) => setImmediate(resolve));
      }
      for (const controller of idle) controller.abort(new Error("silent"));
      expect(await Promise.all(ended)).toEqual(idle.map(() => true));
      client.close();
    },
    60_000,
  );
});
