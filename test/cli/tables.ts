/** Setup that every file of scenarios needs. */
import { afterAll, beforeAll, describe, it } from "vitest";
import { removeRuns } from "../../runner/testing/stub.ts";
import { FakeApi } from "./fake-api.ts";
import { check, type Row } from "./scenario.ts";

/** A fake API for the tests of this file; afterwards it is gone, and what their runs left on disk. */
export function useFakeApi(): () => FakeApi {
  let api: FakeApi;
  beforeAll(async () => {
    api = await FakeApi.start();
  });
  afterAll(async () => {
    await api.stop();
    await removeRuns();
  });
  return () => api;
}

/** Plays the tables of a file, each under its title. */
export function playTables(tables: Readonly<Record<string, readonly Row[]>>): void {
  const api = useFakeApi();
  for (const [title, rows] of Object.entries(tables)) {
    describe.concurrent(title, () => it.each(rows)("%s", (...row) => check(row, api())));
  }
}
