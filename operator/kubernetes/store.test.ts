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

describe("the newer version wins", () => {
  test("an older or equal version changes nothing and is not reported", () => {
    const { store, changes } = recording();
    expect(store.put("a", thing("a", "10"))).toBe(true);
    expect(store.put("a", thing("a", "9"))).toBe(false);
    expect(store.put("a", thing("a", "10"))).toBe(false);
    expect(store.put("a", thing("a", "11"))).toBe(true);
    expect(changes).toEqual(["- → 10", "10 → 11"]);
  });

  test("versions are numbers of any length, not strings", () => {
    const { store } = recording();
    store.put("a", thing("a", "99"));
    expect(store.put("a", thing("a", "100"))).toBe(true);
    expect(store.put("a", thing("a", "36893488147419103232"))).toBe(true);
    expect(store.put("a", thing("a", "36893488147419103231"))).toBe(false);
  });
});

describe("a deleted object", () => {
  test("is not restored by the late answer to a write", () => {
    const { store } = recording();
    store.put("a", thing("a", "10"));
    expect(store.remove("a", "12")).toBe(true);
    expect(store.put("a", thing("a", "11"))).toBe(false);
    expect(store.size).toBe(0);
  });

  test("is restored by a read of the same version: only its label was removed", () => {
    const { store } = recording();
    store.put("a", thing("a", "10"));
    store.remove("a", "12");
    expect(store.put("a", thing("a", "12"))).toBe(true);
    expect(store.get("a")?.resourceVersion).toBe("12");
  });

  test("is restored by a newer version: its label was removed and set again", () => {
    const { store } = recording();
    store.put("a", thing("a", "10"));
    store.remove("a", "12");
    expect(store.put("a", thing("a", "13"))).toBe(true);
    expect(store.get("a")?.resourceVersion).toBe("13");
  });

  test("is known during thousands of other deletions, but not for ever", () => {
    const { store } = recording();
    store.remove("first", "1000");
    for (let i = 0; i < 1_000; i += 1) store.remove(`other-${i}`, "1000");
    expect(store.put("first", thing("first", "999"))).toBe(false);
    for (let i = 0; i < 10_000; i += 1) store.remove(`another-${i}`, "1000");
    expect(store.put("first", thing("first", "999"))).toBe(true);
  });

  test("that was only dropped may be stored again", () => {
    const { store, changes } = recording();
    store.put("a", thing("a", "10"));
    expect(store.put("a", undefined)).toBe(true);
    expect(store.put("a", undefined)).toBe(false);
    expect(store.put("a", thing("a", "11"))).toBe(true);
    expect(changes).toEqual(["- → 10", "10 → -", "- → 11"]);
  });
});

describe("after a full list", () => {
  test("missing objects are removed, each reported once", () => {
    const { store, changes } = recording();
    for (const uid of ["a", "b", "c"]) store.put(uid, thing(uid, "10"));
    expect(store.keepOnly(new Set(["b"]), { version: "20" })).toBe(2);
    expect(store.size).toBe(1);
    expect(changes.slice(3)).toEqual(["10 → -", "10 → -"]);
  });

  test("of one namespace, objects of other namespaces stay", () => {
    const { store } = recording();
    store.put("a", thing("a", "10"));
    expect(store.keepOnly(new Set(), { version: "20", namespace: "other" })).toBe(0);
    expect(store.keepOnly(new Set(), { version: "20", namespace: "team" })).toBe(1);
  });

  test("objects that are newer than the list stay: a Job that was created during the list", () => {
    const { store } = recording();
    store.put("newer", thing("newer", "21"));
    expect(store.keepOnly(new Set(), { version: "20" })).toBe(0);
    expect(store.get("newer")).toBeDefined();
    expect(store.put("newer", thing("newer", "22"))).toBe(true);
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

  test("follows an object whose agent changes, and removes agents without objects", () => {
    const { store } = recording();
    store.put("a", thing("a", "1", "reviewer"));
    store.put("a", thing("a", "2", "writer"));
    expect(store.ofAgent(agentKey("team", "reviewer"))).toEqual([]);
    expect(store.ofAgent(agentKey("team", "writer"))).toHaveLength(1);
    store.remove("a", "3");
    expect([...store.agents()]).toEqual([]);
  });
});
