import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { ClusterError, RejectedError } from "../errors.ts";
import { Access } from "./access.ts";

const paths = ["/api/v1/pods", "/apis/batch/v1/jobs"];
const forbidden = new RejectedError("GET: 403", { code: 403, reason: "Forbidden", serverMessage: "pods is forbidden" });

let asked: string[];
let answers: Map<string, unknown>;
let logged: string[];
let access: Access;

beforeEach(() => {
  vi.useFakeTimers();
  asked = [];
  logged = [];
  answers = new Map();
  const request = (_: string, path: string): Promise<unknown> => {
    asked.push(path);
    const answer = answers.has(path) ? answers.get(path) : { items: [] };
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  };
  const record = (_: object, message: string): number => logged.push(message);
  access = new Access({ transport: { request }, paths, log: { info: record, error: record } as never });
});
afterEach(() => {
  access.stop();
  vi.useRealTimers();
});

const seconds = (count: number): Promise<unknown> => vi.advanceTimersByTimeAsync(count * 1000);

it("checks every collection once in 20 s", async () => {
  access.start();
  await seconds(60);
  expect(asked).toEqual([...paths, ...paths, ...paths, paths[0]]);
  expect(paths.map((path) => access.rejection(path))).toEqual([undefined, undefined]);
});

it("detects within 20 s that a permission was removed and restored, and logs each once", async () => {
  access.start();
  await seconds(5);
  answers.set("/api/v1/pods", forbidden);
  await seconds(20);
  expect(access.rejection("/api/v1/pods")).toBe("pods is forbidden");
  expect(access.rejection("/apis/batch/v1/jobs")).toBeUndefined();
  await seconds(60);
  answers.delete("/api/v1/pods");
  await seconds(20);
  expect(access.rejection("/api/v1/pods")).toBeUndefined();
  expect(logged).toEqual(["permission is missing", "permission is restored"]);
});

it("reports that a collection is not served", async () => {
  answers.set("/api/v1/pods", undefined);
  access.start();
  await seconds(1);
  expect(access.rejection("/api/v1/pods")).toContain("is the CRD installed?");
});

it("does not change the state if the API server does not answer", async () => {
  answers.set("/api/v1/pods", new ClusterError("no answer"));
  access.start();
  await seconds(1);
  expect(access.rejection("/api/v1/pods")).toBeUndefined();
  answers.set("/api/v1/pods", forbidden);
  await seconds(20);
  answers.set("/api/v1/pods", new ClusterError("no answer"));
  await seconds(60);
  expect(access.rejection("/api/v1/pods")).toBe("pods is forbidden");
});

it("sends no request after the stop, even if one is in flight", async () => {
  access.start();
  access.stop();
  await seconds(60);
  expect(asked).toHaveLength(1);
});
