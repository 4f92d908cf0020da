import { expect, it } from "vitest";
import { adviceOn } from "./vocabulary.ts";

it.each([
  ["brake", "activeRunLimit"],
  ["#newBrake", "activeRunLimit"],
  ["CargoHold", "configMap"],
  ["letGoMs", "ungate"],
  ["crowdPace", "rate"],
  ["isContrary", "reversed"],
])("%s has a retired word: %s is used instead", (name, use) => {
  expect(adviceOn(name)).toContain(use);
});

it.each(["activeRunLimiter", "handshake", "spaceLeft", "rejection", "outlet", "paceless"])("%s is fine", (name) => {
  expect(adviceOn(name)).toBeUndefined();
});
