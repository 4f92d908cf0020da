import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parseKubeconfig } from "../../kube/access.ts";
import { selfSigned } from "../../kube/testing/certificates.ts";
import { eventually } from "../../test/eventually.ts";
import { ClusterError, ConflictError, ExpiredError, RejectedError } from "../errors.ts";
import { accessTo } from "../../kube/testing/access.ts";
import { ApiServer } from "../../kube/testing/api-server.ts";
import { sendJson } from "../../kube/testing/responses.ts";
import { Transport } from "./transport.ts";

const path = "/api/v1/namespaces/team/pods";

let server: ApiServer;
let transport: Transport;

beforeEach(async () => {
  server = await new ApiServer().listen();
  transport = transportFor();
});

afterEach(async () => {
  transport.close();
  await server.close();
});

function transportFor(user?: object, connections = 32): Transport {
  return new Transport(parseKubeconfig(server.kubeconfig(user)), { userAgent: "clauderun-operator/test", connections });
}

function answer(code: number, body: unknown, headers?: Record<string, string>): void {
  server.intercept = (_request, response) => {
    sendJson(response, code, body, headers);
    return true;
  };
}

async function failure(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    return error as Error;
  }
  throw new Error("it should have failed");
}

describe("a request", () => {
  test("says who asks, with the user's credentials, and what it sends", async () => {
    const body = { metadata: { name: "ä" } };
    answer(201, body);
    await expect(
      transport.request("POST", path, { body, query: { dryRun: "All", absent: undefined } }),
    ).resolves.toEqual(body);
    const [seen] = server.requests;
    expect(seen).toMatchObject({ method: "POST", path, text: JSON.stringify(body) });
    expect(seen?.query.toString()).toBe("dryRun=All");
    expect(seen?.headers).toMatchObject({
      "user-agent": "clauderun-operator/test",
      "content-type": "application/json",
      accept: "application/json",
    });
  });

  test("names the kind of patch", async () => {
    answer(200, {});
    await transport.request("PATCH", path, { body: [], patchType: "application/json-patch+json" });
    expect(server.requests[0]?.headers["content-type"]).toBe("application/json-patch+json");
  });

  test.each([
    ["a token", { token: "secret-token" }, "Bearer secret-token"],
    ["name and password", { username: "ada", password: "p:w" }, `Basic ${btoa("ada:p:w")}`],
  ])("logs in by %s, over TLS", async (_, user, authorization) => {
    const secure = await new ApiServer({ tls: selfSigned() }).listen();
    const mine = new Transport(parseKubeconfig(secure.kubeconfig(user)), { userAgent: "test" });
    await mine.request("GET", path);
    const watch = await mine.open(path, { watch: "true" }, new AbortController().signal);
    watch.close();
    mine.close();
    await secure.close();
    expect(secure.requests.map(({ headers }) => headers.authorization)).toEqual([authorization, authorization]);
  });

  test("2,000 at once share at most 32 connections", async () => {
    await Promise.all(Array.from({ length: 2_000 }, () => transport.request("GET", path)));
    expect(server.requests).toHaveLength(2_000);
    expect(server.connections).toBeLessThanOrEqual(32);
  });

  test("a watch has a connection of its own, which goes with it", async () => {
    await transport.request("GET", path);
    const watch = await transport.open(path, { watch: "true" }, new AbortController().signal);
    expect(server.connections).toBe(2);
    watch.close();
    await eventually("its connection is closed", () => server.openConnections === 1);
  });
});

describe("an answer", () => {
  test("404 is undefined", async () => {
    answer(404, { kind: "Status", reason: "NotFound" });
    await expect(transport.request("GET", path)).resolves.toBeUndefined();
  });

  test.each([
    [409, "Conflict", "the object has been modified", ConflictError],
    [409, "AlreadyExists", 'jobs.batch "a" already exists', RejectedError],
    [422, "Invalid", "the server rejected our request due to an error in our request", ConflictError],
    [422, "Invalid", "testing value /metadata/uid failed: test failed", ConflictError],
    [
      422,
      "Invalid",
      'Pod "a" is invalid: metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted',
      ConflictError,
    ],
    [422, "Invalid", "spec.template: field is immutable", RejectedError],
    [403, "Forbidden", "exceeded quota", RejectedError],
    [401, "Unauthorized", "Unauthorized", RejectedError],
    [410, "Expired", "too old resource version", ExpiredError],
    [429, "TooManyRequests", "slow down", ClusterError],
    [500, "InternalError", "boom", ClusterError],
    [500, "InternalError", 'Internal error occurred: failed calling webhook "x": timeout', RejectedError],
    [503, "ServiceUnavailable", "starting", ClusterError],
  ])("%i %s (%s) is its own kind of error", async (code, reason, message, kind) => {
    answer(code, { kind: "Status", code, reason, message });
    const error = await failure(transport.request("PATCH", path, { body: {} }));
    expect(error).toBeInstanceOf(kind);
    expect(error.message).toBe(`PATCH ${path}: ${code} ${message}`);
    if (error instanceof RejectedError) expect(error).toMatchObject({ code, reason, serverMessage: message });
  });

  test.each([429, 503])("%i with Retry-After says when to try again", async (code) => {
    answer(code, { kind: "Status" }, { "retry-after": "7" });
    expect(await failure(transport.request("GET", path))).toMatchObject({ retryAfterMs: 7_000 });
    for (const nonsense of ["soon", "-1", "0", "1e9", "0x10", "NaN", "Sun, 01 Mar 2026 10:00:00 GMT"]) {
      answer(code, { kind: "Status" }, { "retry-after": nonsense });
      expect(await failure(transport.request("GET", path))).toMatchObject({ retryAfterMs: undefined });
    }
  });

  test.each(["61", "999999999", "9".repeat(400)])("Retry-After: %s is cut to a minute", async (header) => {
    answer(429, { kind: "Status" }, { "retry-after": header });
    expect(await failure(transport.request("GET", path))).toMatchObject({ retryAfterMs: 60_000 });
  });

  test("that no API server gave (a proxy's page) is an error in few words", async () => {
    server.intercept = (_request, response) => {
      response.writeHead(502, { "content-type": "text/html" }).end("<html>".repeat(10_000));
      return true;
    };
    expect((await failure(transport.request("GET", path))).message).toBe(`GET ${path}: 502 Bad Gateway`);
    answer(502, null);
    expect((await failure(transport.request("GET", path))).message).toBe(`GET ${path}: 502 Bad Gateway`);
    server.intercept = (_request, response) => {
      response.writeHead(200).end("<html>a secret page</html>");
      return true;
    };
    const error = await failure(transport.request("GET", path));
    expect(error).toBeInstanceOf(ClusterError);
    expect(error.message).toBe(`GET ${path}: the answer is not JSON`);
    expect(error.cause).toBeUndefined();
  });

  test("that quotes a whole object is cut", async () => {
    answer(422, { kind: "Status", reason: "Invalid", message: `spec.prompt: Invalid value: ${"x".repeat(60_000)}` });
    expect((await failure(transport.request("PUT", path, { body: {} }))).message.length).toBeLessThan(1_200);
  });
});

describe("a server in trouble", () => {
  test("rejects the connection", async () => {
    await server.close();
    const error = await failure(transport.request("GET", path));
    expect(error).toBeInstanceOf(ClusterError);
    expect((error.cause as Error).message).toContain("ECONNREFUSED");
  });

  test("breaks off in the midst of an answer", async () => {
    server.intercept = (_request, response) => {
      response.writeHead(200, { "content-length": "1000" });
      response.write('{"items":[', () => response.socket?.resetAndDestroy());
      return true;
    };
    const error = await failure(transport.request("GET", path));
    expect(error).toBeInstanceOf(ClusterError);
    expect(error.message).toBe(`GET ${path}: the answer broke off`);
  });

  test.each(["before", "after"])("hangs %s its headers: the request times out", async (when) => {
    server.intercept = (_request, response) => {
      if (when === "after") response.writeHead(200).flushHeaders();
      return true;
    };
    const error = await failure(transport.request("GET", path, { timeoutMs: 50 }));
    expect(error).toBeInstanceOf(ClusterError);
    expect((error.cause as Error).name).toBe("TimeoutError");
  });

  test("hangs: a request that still waits for a connection times out too, and is never sent", async () => {
    const one = transportFor(undefined, 1);
    let answerFirst: (() => void) | undefined;
    server.intercept = (_request, response) => {
      answerFirst = () => {
        sendJson(response, 200, {});
      };
      return true;
    };
    const first = one.request("GET", path);
    await eventually("it is on its way", () => answerFirst !== undefined);
    const error = await failure(one.request("GET", `${path}/late`, { timeoutMs: 50 }));
    expect((error.cause as Error).name).toBe("TimeoutError");
    server.intercept = () => false;
    answerFirst?.();
    await first;
    await one.request("GET", path);
    one.close();
    expect(server.requests.map((seen) => seen.path)).toEqual([path, path]);
  });

  test("gets no request that node:http rejects, and the connection stays usable", async () => {
    const one = transportFor(undefined, 1);
    const requests = [`${path}/a b`, `${path}/c d`, path].map((each) => one.request("GET", each).catch(String));
    const [first, second, third] = await Promise.all(requests);
    expect([first, second]).toEqual([
      expect.stringMatching(/^ClusterError: .*no answer/),
      expect.stringMatching(/^ClusterError: .*no answer/),
    ]);
    expect(third).toMatchObject({ kind: "List" });
    const opened = one.open(`${path}/a b`, {}, new AbortController().signal);
    await expect(opened).rejects.toThrow(ClusterError);
    one.close();
  });

  test("ends a request whose signal is aborted", async () => {
    server.intercept = () => true;
    const stop = new AbortController();
    const request = failure(transport.request("GET", path, { signal: stop.signal }));
    await eventually("it is on its way", () => server.requests.length === 1);
    stop.abort();
    expect(await request).toBeInstanceOf(ClusterError);
  });

  test("rejects a watch with the same message", async () => {
    answer(403, { kind: "Status", reason: "Forbidden", message: "no rights" });
    const error = await failure(transport.open(path, {}, new AbortController().signal));
    expect(error).toBeInstanceOf(RejectedError);
    await eventually("its connection is closed", () => server.openConnections === 0);
  });
});

describe("credentials", () => {
  test("that cannot be read fail the request, not the process, and are tried again", async () => {
    const tokens: string[] = [];
    const mine = new Transport(
      accessTo(server.port, () => tokens.at(-1)),
      { userAgent: "test" },
    );
    const error = await failure(mine.request("GET", path));
    expect(error).toBeInstanceOf(ClusterError);
    expect((error.cause as Error).message).toBe("the plugin failed");
    tokens.push("first");
    await mine.request("GET", path);
    mine.close();
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual(["first"]);
  });

  test.each(["a request", "a watch"])("that the server rejects are renewed once, and %s is repeated", async (what) => {
    const tokens = ["first"];
    const mine = new Transport(
      accessTo(server.port, () => tokens.at(-1)),
      { userAgent: "test" },
    );
    server.intercept = ({ headers }, response) => {
      if (headers.authorization !== "first") return false;
      tokens.push("second");
      sendJson(response, 401, { kind: "Status", reason: "Unauthorized" });
      return true;
    };
    if (what === "a request") await mine.request("GET", path);
    else (await mine.open(path, { watch: "true" }, new AbortController().signal)).close();
    answer(401, { kind: "Status", reason: "Unauthorized" });
    await failure(mine.request("GET", path));
    mine.close();
    const sent = server.requests.map(({ headers }) => headers.authorization);
    expect(sent).toEqual(["first", "second", "second"]);
  });
});

describe("the clock", () => {
  test.each([0, -90_000, 3_600_000])("is the server's: %i ms from the local clock", async (skewMs) => {
    answer(200, {}, { date: new Date(Date.now() + skewMs).toUTCString() });
    await transport.request("GET", path);
    expect(Math.abs(transport.now() - Date.now() - skewMs)).toBeLessThan(20_000);
  });

  test("is the local clock if the server sends no valid date", async () => {
    answer(200, {}, { date: "yesterday" });
    await transport.request("GET", path);
    expect(Math.abs(transport.now() - Date.now())).toBeLessThan(20_000);
  });
});
