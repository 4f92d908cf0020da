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

test("each probe answers for itself, anew each time", async () => {
  let ready = false;
  server = await serveHealth(0, { livez: () => true, readyz: () => ready });
  expect(await ask("/livez")).toBe("200 ok");
  expect(await ask("/readyz")).toBe("503 no");
  ready = true;
  expect(await ask("/readyz")).toBe("200 ok");
  expect(await ask("/readyz?verbose")).toBe("200 ok");
  expect(await ask("/")).toBe("404 no");
});

test("a port that is taken fails the start", async () => {
  server = await serveHealth(0, { livez: () => true, readyz: () => true });
  const { port } = server.address() as AddressInfo;
  await expect(serveHealth(port, { livez: () => true, readyz: () => true })).rejects.toThrow("EADDRINUSE");
});
