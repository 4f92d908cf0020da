import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { serveHealth } from "./health.ts";

let server: Server | undefined;

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

async function ask(path: string): Promise<string> {
  const { port } = server?.address() as AddressInfo;
  const response = await fetch(`http://127.0.0.1:${port}${path}`);
  return `${response.status} ${(await response.text()).trim()}`;
}

const fine = (): undefined => undefined;
const metrics = (): string => "up 1\n";

test("each probe answers for itself, anew each time, and names its checks when asked or when one fails", async () => {
  let missing: string | undefined = "pods are awaited";
  server = await serveHealth(0, { livez: { queue: fine }, readyz: { queue: fine, caches: () => missing }, metrics });
  expect(await ask("/livez")).toBe("200 ok");
  expect(await ask("/livez?verbose")).toBe("200 [+] queue ok");
  expect(await ask("/readyz")).toBe("503 [+] queue ok\n[-] caches: pods are awaited");
  missing = undefined;
  expect(await ask("/readyz")).toBe("200 ok");
  expect(await ask("/readyz?verbose")).toBe("200 [+] queue ok\n[+] caches ok");
  expect(await ask("/metrics")).toBe("200 up 1");
  expect(await ask("/")).toBe("404 there are /livez, /readyz and /metrics");
});

test("a port that is taken fails the start", async () => {
  server = await serveHealth(0, { livez: {}, readyz: {}, metrics });
  const { port } = server.address() as AddressInfo;
  await expect(serveHealth(port, { livez: {}, readyz: {}, metrics })).rejects.toThrow("EADDRINUSE");
});
