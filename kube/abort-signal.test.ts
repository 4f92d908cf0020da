/** Only the request references the AbortSignal.any signal of a watch: it must survive garbage collection. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { HttpClient } from "./http-client.ts";
import { accessTo } from "./testing/access.ts";
import { ApiServer } from "./testing/api-server.ts";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

const requests = 300;
let server: ApiServer;
beforeEach(async () => {
  server = await new ApiServer().listen();
  // One kind gets no head, the other no end.
  server.intercept = ({ path }, response) => {
    if (path === "/head") response.writeHead(200).write("x");
    return true;
  };
});
afterEach(() => server.close());

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
      const client = new HttpClient(
        accessTo(server.port, () => "token"),
        { userAgent: "test" },
      );
      const stop = new AbortController();
      const idle = Array.from({ length: requests }, () => new AbortController());
      const ended = idle.map(({ signal }) => ask(client, path, AbortSignal.any([stop.signal, signal])));
      await expect.poll(() => server.requests.length, { timeout: 50_000 }).toBe(requests);
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
