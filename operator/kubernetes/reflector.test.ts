import { getEventListeners } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parseKubeconfig } from "../../kube/access.ts";
import { eventually } from "../../test/eventually.ts";
import { accessTo } from "../../kube/testing/access.ts";
import { ApiServer } from "../../kube/testing/api-server.ts";
import type { NewObject } from "../../kube/testing/object-store.ts";
import { sendJson } from "../../kube/testing/responses.ts";
import { recordingLog } from "../testing/recording-log.ts";
import { Reflector, type ReflectorOptions } from "./reflector.ts";
import { Store, type Stored } from "./store.ts";
import { Transport } from "./transport.ts";

const path = "/api/v1/pods";

interface Item extends Stored {
  readonly name: string;
  readonly text: string;
}

let server: ApiServer;
let stops: (() => Promise<void>)[];

beforeEach(async () => {
  server = await new ApiServer({ namespace: "team" }).listen();
  stops = [];
});

afterEach(async () => {
  for (const stop of stops) await stop();
  await server.close();
});

function parseItem(object: unknown): Item {
  const { metadata, text } = object as { metadata: Stored & { name: string }; text?: string };
  return { ...metadata, text: text ?? "" };
}

function thing(name: string, text = ""): NewObject {
  return { metadata: { name, uid: `uid-${name}`, labels: { app: "x" } }, text };
}

/** A reflector on the server, not started, with the changes that its store tells ("+a", "~a", "-a"). */
function reflect(options: Partial<ReflectorOptions<Item>> = {}, tokenFile?: string) {
  const changes: string[] = [];
  const store = new Store<Item>(
    () => "agent",
    ({ before, after }) => {
      const sign = before === undefined ? "+" : after === undefined ? "-" : "~";
      changes.push(`${sign}${(after ?? before)?.name ?? ""}`);
    },
  );
  const access =
    tokenFile === undefined ? parseKubeconfig(server.kubeconfig()) : accessTo(server.port, () => textIn(tokenFile));
  const transport = new Transport(access, { userAgent: "test/1" });
  const { log, written } = recordingLog();
  const reflector = new Reflector({ transport, log, path, parse: parseItem, store, baseDelayMs: 10, ...options });
  stops.push(async () => {
    await reflector.stop();
    transport.close();
  });
  const names = (): string[] => store.ofAgent("team/agent").map(({ name }) => name);
  return { reflector, store, changes, names, written, transport };
}

/** Undefined while there is no such file. */
function textIn(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, "utf8") : undefined;
}

/** Starts it and waits until its watch is open. */
async function started(options: Partial<ReflectorOptions<Item>> = {}, tokenFile?: string) {
  const set = reflect(options, tokenFile);
  set.reflector.start();
  await set.reflector.whenSynced();
  await eventually("the watch is open", () => server.openWatches === 1);
  return set;
}

function has(names: () => string[], ...expected: string[]): () => boolean {
  return () => names().toSorted().join() === expected.toSorted().join();
}

describe("list and watch", () => {
  test("lists in pages with the selector in each request, then watches from the list's version", async () => {
    for (let i = 0; i < 123; i += 1) server.put("pods", thing(`pod-${i}`));
    const { store } = await started({ labelSelector: "app=x" });
    expect(store.size).toBe(123);
    expect(server.requests.map(({ query }) => query.get("continue"))).toEqual([null, "50", "100", null]);
    expect(server.requests.every(({ query }) => query.get("labelSelector") === "app=x")).toBe(true);
    const query = server.watchRequests[0]?.query;
    expect(query?.get("resourceVersion")).toBe("1123");
    expect(query?.get("allowWatchBookmarks")).toBe("true");
    expect(Number(query?.get("timeoutSeconds"))).toBeGreaterThanOrEqual(300);
  });

  test("follows what is added, changed and deleted", async () => {
    const { names, changes } = await started();
    server.put("pods", thing("a"));
    server.put("pods", thing("b"));
    server.put("pods", thing("a", "changed"));
    server.remove("pods", "b");
    await eventually("all four are seen", () => changes.length === 4);
    expect(changes).toEqual(["+a", "+b", "~a", "-b"]);
    expect(names()).toEqual(["a"]);
  });

  test("is identical however the bytes are cut, in the midst of letters and of lines", async () => {
    const { store } = await started();
    const events = Array.from({ length: 10_000 }, (_, i) => {
      const object = {
        metadata: { name: `p-${i % 3_000}`, namespace: "team", uid: `u-${i % 3_000}`, resourceVersion: `${5_000 + i}` },
        text: `größer 👩‍🚀 ${i}`,
      };
      return `${JSON.stringify({ type: "MODIFIED", object })}\n`;
    });
    const bytes = Buffer.from(events.join(""));
    for (let at = 0, size = 1; at < bytes.length; at += size, size = (size * 7 + 3) % 8_191) {
      server.writeToWatches("pods", bytes.subarray(at, at + size));
    }
    await eventually("the last event is applied", () => store.get("u-999")?.resourceVersion === "14999");
    expect(store.size).toBe(3_000);
    for (let i = 0; i < 3_000; i += 1) {
      const last = i < 1_000 ? i + 9_000 : i + 6_000;
      expect(store.get(`u-${i}`)?.text).toBe(`größer 👩‍🚀 ${last}`);
    }
  });

  test("takes an object of 3 MB", async () => {
    const { store } = await started();
    server.put("pods", thing("big", "ü".repeat(1_500_000)));
    await eventually("it is there", () => store.get("uid-big")?.text.length === 1_500_000);
  });

  test("a bookmark moves the version on", async () => {
    const { reflector } = await started();
    const heardMs = reflector.lastHeardMs;
    server.writeToWatches(
      "pods",
      `${JSON.stringify({ type: "BOOKMARK", object: { metadata: { resourceVersion: "7777" } } })}\n`,
    );
    await eventually("it is heard", () => reflector.lastHeardMs > heardMs);
    server.endWatches("end");
    await eventually("it watches again", () => server.watchRequests.length === 2);
    expect(server.watchRequests[1]?.query.get("resourceVersion")).toBe("7777");
  });
});

describe("a watch that ends", () => {
  test.each(["end", "reset"] as const)("by %s is resumed where it was: no list, no lost delete", async (how) => {
    server.put("pods", thing("a"));
    server.put("pods", thing("b"));
    const { names, changes, reflector } = await started();
    server.put("pods", thing("c"));
    await eventually("c is seen", has(names, "a", "b", "c"));
    server.endWatches(how);
    server.remove("pods", "a");
    server.put("pods", thing("d"));
    await eventually("what happened meanwhile is seen", has(names, "b", "c", "d"));
    expect(changes.slice(3)).toEqual(["-a", "+d"]);
    expect(server.listRequests).toHaveLength(1);
    expect(server.watchRequests[1]?.query.get("resourceVersion")).toBe("1003");
    expect(reflector.restarts).toBe(how === "end" ? 0 : 1);
    expect(reflector.missed).toBe(0);
  });

  test("in the midst of a line and of a letter: the rest of the line comes again whole", async () => {
    const { names } = await started();
    const object = thing("ä-half");
    const line = Buffer.from(`${JSON.stringify({ type: "ADDED", object: { ...object, text: "ü" } })}\n`);
    server.writeToWatches("pods", line.subarray(0, line.indexOf("ü") + 1));
    server.endWatches("reset");
    server.put("pods", object);
    await eventually("it is seen", has(names, "ä-half"));
    expect(server.listRequests).toHaveLength(1);
  });

  test("again and again at once does not hammer the server", async () => {
    server.intercept = ({ query }, response) => {
      if (query.get("watch") !== "true") return false;
      response.writeHead(200).end();
      return true;
    };
    const { reflector } = reflect({ baseDelayMs: 20 });
    reflector.start();
    await eventually("six watches", () => server.watchRequests.length >= 6);
    const at = server.watchRequests.map(({ atMs }) => atMs);
    const gaps = at.slice(1).map((ms, i) => ms - (at[i] ?? 0));
    // 20, 40, 80, 160, 320 ms, each less up to a half of jitter
    expect(gaps.slice(0, 5).every((gap, i) => gap >= 10 * 2 ** i - 1)).toBe(true);
  });

  test("at once, but with news each time, is no failure that grows", async () => {
    // After five failures in a row it would list again.
    const { names } = await started();
    for (let i = 0; i < 8; i += 1) {
      server.put("pods", thing(`pod-${i}`));
      await eventually("it is seen", () => names().length === i + 1);
      server.endWatches("end");
      await eventually("the next watch is open", () => server.openWatches === 1);
    }
    expect(server.listRequests).toHaveLength(1);
  });

  test("that falls silent is broken off and resumed", async () => {
    const { names, reflector, written } = await started({ idleMs: 60 });
    server.endWatches("silence");
    server.put("pods", thing("unheard"));
    await eventually("it is seen", has(names, "unheard"));
    expect(reflector.restarts).toBeGreaterThanOrEqual(1);
    expect(JSON.stringify(written[0])).toContain("the watch was silent for 60 ms");
    expect(server.listRequests).toHaveLength(1);
  });
});

describe("too old", () => {
  test("by HTTP 410: lists again, and what was deleted meanwhile is told", async () => {
    server.put("pods", thing("a"));
    server.put("pods", thing("b"));
    const { names, changes, reflector } = await started();
    server.intercept = (_request, response) => {
      server.intercept = () => false;
      server.remove("pods", "a");
      server.put("pods", thing("c"));
      server.compact();
      sendJson(response, 500, {});
      return true;
    };
    server.endWatches("end");
    await eventually("the list is in", has(names, "b", "c"));
    expect(changes.slice(2).toSorted()).toEqual(["+c", "-a"]);
    expect(server.listRequests).toHaveLength(2);
    expect(reflector.missed).toBe(2);
  });

  test("by an ERROR in the stream: the same", async () => {
    server.put("pods", thing("a"));
    const { changes } = await started();
    const status = { kind: "Status", code: 410, reason: "Expired", message: "too old resource version" };
    server.writeToWatches("pods", `${JSON.stringify({ type: "ERROR", object: status })}\n`);
    server.endWatches("silence");
    server.remove("pods", "a");
    await eventually("the delete is told", () => changes.includes("-a"));
    expect(server.listRequests).toHaveLength(2);
  });

  test("another ERROR in the stream: goes on from the last version", async () => {
    const { names, written } = await started();
    server.put("pods", thing("a"));
    await eventually("a is seen", has(names, "a"));
    const status = { kind: "Status", code: 500, message: "etcd is busy" };
    server.writeToWatches("pods", `${JSON.stringify({ type: "ERROR", object: status })}\n`);
    await eventually("it watches again", () => server.watchRequests.length === 2);
    expect(server.watchRequests[1]?.query.get("resourceVersion")).toBe("1001");
    expect(server.listRequests).toHaveLength(1);
    expect(JSON.stringify(written)).toContain("etcd is busy");
  });

  test("by time: a full list finds what the watch never said, and counts it", async () => {
    server.put("pods", thing("gone"));
    const { names, reflector } = await started({ relistMs: 150 });
    server.intercept = ({ query }) => {
      // Before the next list the world changes behind the watch's back.
      if (query.get("watch") === "true") return false;
      server.intercept = () => false;
      server.remove("pods", "gone");
      server.put("pods", thing("new"));
      return false;
    };
    await eventually(
      "the watch is older than the list may be",
      () => performance.now() - (server.watchRequests[0]?.atMs ?? Infinity) > 170,
    );
    server.endWatches("end");
    await eventually("the list is in", has(names, "new"));
    expect(reflector.missed).toBe(2);
  });

  test("doubted after failures in a row: lists again", async () => {
    const { reflector, names } = await started();
    server.put("pods", thing("a"));
    await eventually("a is seen", has(names, "a"));
    server.intercept = ({ query }, response) => {
      if (query.get("watch") !== "true") return false;
      sendJson(response, 504, { kind: "Status", code: 504, reason: "Timeout", message: "Too large resource version" });
      return true;
    };
    server.endWatches("end");
    await eventually("a second list", () => server.listRequests.length >= 2);
    expect(reflector.restarts).toBeGreaterThanOrEqual(4);
  });
});

describe("a server in trouble", () => {
  test("500 on the list is tried again", async () => {
    let answers = 0;
    server.intercept = (_request, response) => {
      if ((answers += 1) > 3) return false;
      sendJson(response, 500, { kind: "Status", message: "boom" });
      return true;
    };
    server.put("pods", thing("a"));
    const { names, reflector } = await started();
    expect(names()).toEqual(["a"]);
    expect(reflector.restarts).toBe(3);
  });

  test("Retry-After of a 429 is honoured", async () => {
    server.intercept = (_request, response) => {
      server.intercept = () => false;
      sendJson(response, 429, { kind: "Status", message: "slow down" }, { "retry-after": "1" });
      return true;
    };
    await started();
    const [first, second] = server.listRequests;
    expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThanOrEqual(990);
  });

  test("connection refused, then back", async () => {
    const { names, reflector } = await started();
    const { port } = server;
    await server.close();
    await eventually("it has noticed", () => reflector.restarts >= 2);
    await server.listen(port);
    server.put("pods", thing("after"));
    await eventually("it follows again", has(names, "after"));
  });

  test("a page that broke off, and a page token that expired, start the list over", async () => {
    for (let i = 0; i < 600; i += 1) server.put("pods", thing(`pod-${i}`));
    let faults = 0;
    server.intercept = ({ query }, response) => {
      if (!query.has("continue") || (faults += 1) > 2) return false;
      if (faults === 1)
        response.writeHead(200, { "content-length": "1000" }).write("{", () => response.socket?.destroy());
      else sendJson(response, 410, { kind: "Status", code: 410, message: "the continue parameter is too old" });
      return true;
    };
    const { store, reflector } = await started();
    expect(store.size).toBe(600);
    expect(reflector.restarts).toBe(2);
    expect(reflector.missed).toBe(0);
  });

  test("credentials that cannot be read do not end the process", async () => {
    const folder = mkdtempSync(join(tmpdir(), "reflector-"));
    const tokenFile = join(folder, "token");
    writeFileSync(tokenFile, "abc");
    const faults: unknown[] = [];
    const note = (error: unknown): number => faults.push(error);
    process.on("unhandledRejection", note);
    try {
      const { names, reflector } = await started({}, tokenFile);
      expect(server.watchRequests[0]?.headers.authorization).toBe("abc");
      rmSync(tokenFile);
      server.endWatches("reset");
      await eventually("it has failed", () => reflector.restarts >= 3);
      writeFileSync(tokenFile, "def");
      server.put("pods", thing("after"));
      await eventually("it follows again", has(names, "after"));
      expect(server.watchRequests.at(-1)?.headers.authorization).toBe("def");
      expect(faults).toEqual([]);
    } finally {
      process.off("unhandledRejection", note);
      rmSync(folder, { recursive: true });
    }
  });
});

describe("an object or line that cannot be parsed", () => {
  function parseOrThrow(object: unknown): Item {
    const item = parseItem(object);
    if (item.text === "poison") throw new TypeError("cannot read poison");
    return item;
  }

  test("an object that does not parse is reported; all others go on, in list and watch", async () => {
    server.put("pods", thing("a", "poison"));
    server.put("pods", thing("b"));
    const { names, written, reflector } = await started({ parse: parseOrThrow });
    server.put("pods", thing("b", "poison"));
    server.put("pods", thing("c"));
    await eventually("c is seen", has(names, "b", "c"));
    expect(written.map(({ uid }) => uid)).toEqual(["uid-a", "uid-b"]);
    expect(reflector.restarts).toBe(0);
  });

  test("a line that is not JSON breaks the watch, not the process, and is not quoted", async () => {
    const { names, written } = await started();
    server.writeToWatches("pods", '{"type":"ADDED","prompt":"secret words"\n');
    await eventually("it watches again", () => server.watchRequests.length === 2);
    server.put("pods", thing("a"));
    await eventually("a is seen", has(names, "a"));
    expect(JSON.stringify(written)).toContain("not an event");
    expect(JSON.stringify(written)).not.toContain("secret words");
  });
});

describe("stop", () => {
  test("while it follows: nothing is told afterwards, and no connection stays", async () => {
    const { reflector, changes, transport } = await started();
    server.put("pods", thing("a"));
    await eventually("a is seen", () => changes.length === 1);
    await reflector.stop();
    transport.close();
    server.put("pods", thing("b"));
    await eventually("all connections are closed", () => server.openConnections === 0);
    expect(changes).toEqual(["+a"]);
    expect(server.watchRequests).toHaveLength(1);
  });

  test.each(["list", "watch"])("while the answer to a %s is awaited", async (what) => {
    server.intercept = ({ query }) => (query.get("watch") === "true") === (what === "watch");
    const { reflector, transport } = reflect();
    reflector.start();
    await eventually("it waits", () => (what === "watch" ? server.watchRequests : server.listRequests).length === 1);
    const beganMs = performance.now();
    await reflector.stop();
    transport.close();
    // The server never answers: a stop that waited for it would not come back.
    expect(performance.now() - beganMs).toBeLessThan(15_000);
    await eventually("all connections are closed", () => server.openConnections === 0);
  });

  test("while it backs off", async () => {
    server.intercept = (_request, response) => {
      sendJson(response, 500, {});
      return true;
    };
    const { reflector } = reflect({ baseDelayMs: 60_000 });
    reflector.start();
    await eventually("it backs off", () => reflector.restarts === 1);
    await reflector.stop();
    expect(server.requests).toHaveLength(1);
  });

  test("of one that never started resolves, and ten reflectors leave no timers", async () => {
    await reflect().reflector.stop();
    const before = process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
    for (let i = 0; i < 10; i += 1) {
      const { reflector } = await started();
      await reflector.stop();
      await eventually("its watch is closed", () => server.openWatches === 0);
    }
    expect(process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length).toBeLessThanOrEqual(
      before + 1,
    );
    expect(getEventListeners(process as unknown as EventTarget, "unhandledRejection").length).toBeLessThan(3);
  });
});

describe("an object that is too large", () => {
  const huge = "x".repeat(4_000_000);

  test("in a list is named, counted, and keeps what was known of it; the others go on", async () => {
    server.put("pods", thing("a", "1"));
    server.put("pods", thing("b", "1"));
    server.put("pods", thing("huge", huge));
    const { reflector, store, names, written } = await started({ relistMs: 150 });
    expect(names().toSorted()).toEqual(["a", "b"]);
    expect(written).toContainEqual(
      expect.objectContaining({
        msg: "object is too large to be read: it is ignored until it is smaller",
        name: "huge",
      }),
    );
    server.put("pods", thing("a", huge));
    server.put("pods", thing("c"));
    await eventually("it has listed again", () => {
      server.endWatches("end");
      return reflector.tooLarge >= 5;
    });
    expect(names().toSorted()).toEqual(["a", "b", "c"]);
    expect(store.get("uid-a")?.text).toBe("1");
  });

  test("in a watch is named, counted, and keeps what was known of it; the watch goes on behind it", async () => {
    server.put("pods", thing("a", "1"));
    const { reflector, store, names, written } = await started();
    server.put("pods", thing("a", huge));
    server.put("pods", thing("b", "1"));
    await eventually("b is there", has(names, "a", "b"));
    expect(store.get("uid-a")?.text).toBe("1");
    expect([reflector.tooLarge, reflector.restarts]).toEqual([1, 0]);
    expect(written).toContainEqual(
      expect.objectContaining({ msg: "object is too large to be read: it is ignored until it is smaller", name: "a" }),
    );
    server.endWatches("end");
    server.put("pods", thing("a", "2"));
    await eventually("a is small again", () => store.get("uid-a")?.text === "2");
    expect(reflector.tooLarge).toBe(1);
  });

  test("of half a megabyte is told once and taken in", async () => {
    const { store, names, written } = await started();
    for (const size of [600_000, 700_000]) server.put("pods", thing("a", "x".repeat(size)));
    server.put("pods", thing("b"));
    await eventually("b is there", has(names, "a", "b"));
    expect(store.get("uid-a")?.text).toHaveLength(700_000);
    expect(written.filter(({ name }) => name === "a")).toHaveLength(1);
  });
});
