import { describe, expect, test } from "vitest";
import { agentKey } from "../domain.ts";
import { Store, type Stored } from "./store.ts";

interface Thing extends Stored {
  readonly agent: string;
}

function thing(uid: string, resourceVersion: string, agent = "reviewer"): Thing {
  return { uid, namespace: "team", resourceVersion, agent };
}

function recording(): { store: Store<Thing>; changes: string[] } {
  const changes: string[] = [];
  const store = new Store<Thing>(
    (object) => object.agent,
    ({ before, after }) => changes.push(`${before?.resourceVersion ?? "-"} → ${after?.resourceVersion ?? "-"}`),
  );
  return { store, changes };
}

describe("whoever is newer wins", () => {
  test("an older or equal version changes nothing and is not told", () => {
    const { store, changes } = recording();
    expect(store.put("a", thing("a", "10"))).toBe(true);
    expect(store.put("a", thing("a", "9"))).toBe(false);
    expect(store.put("a", thing("a", "10"))).toBe(false);
    expect(store.put("a", thing("a", "11"))).toBe(true);
    expect(changes).toEqual(["- → 10", "10 → 11"]);
  });

  test("versions are numbers of any length, not words", () => {
    const { store } = recording();
    store.put("a", thing("a", "99"));
    expect(store.put("a", thing("a", "100"))).toBe(true);
    expect(store.put("a", thing("a", "36893488147419103232"))).toBe(true);
    expect(store.put("a", thing("a", "36893488147419103231"))).toBe(false);
  });
});

describe("what is gone", () => {
  test("is not brought back by the late answer to a write", () => {
    const { store } = recording();
    store.put("a", thing("a", "10"));
    expect(store.remove("a", "12")).toBe(true);
    expect(store.put("a", thing("a", "11"))).toBe(false);
    expect(store.size).toBe(0);
  });

  test("comes back with a newer version: its label was taken off and put back", () => {
    const { store } = recording();
    store.put("a", thing("a", "10"));
    store.remove("a", "12");
    expect(store.put("a", thing("a", "13"))).toBe(true);
    expect(store.get("a")?.resourceVersion).toBe("13");
  });

  test("is remembered for thousands of others, and not for ever", () => {
    const { store } = recording();
    store.remove("first", "1000");
    for (let i = 0; i < 1_000; i += 1) store.remove(`other-${i}`, "1000");
    expect(store.put("first", thing("first", "999"))).toBe(false);
    for (let i = 0; i < 10_000; i += 1) store.remove(`another-${i}`, "1000");
    expect(store.put("first", thing("first", "999"))).toBe(true);
  });

  test("an object that need not be kept is dropped, and may come back", () => {
    const { store, changes } = recording();
    store.put("a", thing("a", "10"));
    expect(store.put("a", undefined)).toBe(true);
    expect(store.put("a", undefined)).toBe(false);
    expect(store.put("a", thing("a", "11"))).toBe(true);
    expect(changes).toEqual(["- → 10", "10 → -", "- → 11"]);
  });
});

describe("after a full list", () => {
  test("what it did not show is gone, each told once", () => {
    const { store, changes } = recording();
    for (const uid of ["a", "b", "c"]) store.put(uid, thing(uid, "10"));
    expect(store.keepOnly(new Set(["b"]), { version: "20" })).toBe(2);
    expect(store.size).toBe(1);
    expect(changes.slice(3)).toEqual(["10 → -", "10 → -"]);
  });

  test("of one namespace, what stands in others stays", () => {
    const { store } = recording();
    store.put("a", thing("a", "10"));
    expect(store.keepOnly(new Set(), { version: "20", namespace: "other" })).toBe(0);
    expect(store.keepOnly(new Set(), { version: "20", namespace: "team" })).toBe(1);
  });

  test("what is newer than the list stays: a Job that was made while it was read", () => {
    const { store } = recording();
    store.put("made-meanwhile", thing("made-meanwhile", "21"));
    expect(store.keepOnly(new Set(), { version: "20" })).toBe(0);
    expect(store.get("made-meanwhile")).toBeDefined();
    expect(store.put("made-meanwhile", thing("made-meanwhile", "22"))).toBe(true);
  });
});

describe("the index by agent", () => {
  test("keeps namespaces and agents apart", () => {
    const { store } = recording();
    store.put("a", thing("a", "1", "reviewer"));
    store.put("b", thing("b", "1", "writer"));
    store.put("c", { ...thing("c", "1", "reviewer"), namespace: "other" });
    expect(store.ofAgent(agentKey("team", "reviewer")).map(({ uid }) => uid)).toEqual(["a"]);
    expect([...store.agents()]).toEqual(["team/reviewer", "team/writer", "other/reviewer"]);
  });

  test("follows an object whose agent changes, and forgets agents that have nothing left", () => {
    const { store } = recording();
    store.put("a", thing("a", "1", "reviewer"));
    store.put("a", thing("a", "2", "writer"));
    expect(store.ofAgent(agentKey("team", "reviewer"))).toEqual([]);
    expect(store.ofAgent(agentKey("team", "writer"))).toHaveLength(1);
    store.remove("a", "3");
    expect([...store.agents()]).toEqual([]);
  });
});
