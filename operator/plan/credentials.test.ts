import { expect, test } from "vitest";
import type { ClaudeRunSpecInput } from "../../crds/claude-run.ts";
import { aRun } from "../testing/runs.ts";
import { credentialsOf } from "./credentials.ts";

function secretOf(spec: Partial<ClaudeRunSpecInput>, defaultName?: string): unknown {
  return credentialsOf(aRun(spec).spec, defaultName === undefined ? {} : { credentialsSecretName: defaultName });
}

const defaultSecret = [{ secretRef: { name: "shared", optional: true } }];
const key = { valueFrom: { secretKeyRef: { name: "mine", key: "key" } } };

test.each<[string, Partial<ClaudeRunSpecInput>, unknown]>([
  ["names no credentials gets the default, which may be missing", {}, defaultSecret],
  ["names a Secret gets only that one", { credentialsSecretName: "mine" }, [{ secretRef: { name: "mine" } }]],
  ["has envFrom gets no other Secret", { pod: { envFrom: [{ secretRef: { name: "mine" } }] } }, []],
  ["has a key as a variable gets no Secret", { pod: { env: [{ name: "ANTHROPIC_API_KEY", ...key }] } }, []],
  ["has a token as a variable gets no Secret", { pod: { env: [{ name: "CLAUDE_CODE_OAUTH_TOKEN", ...key }] } }, []],
  ["uses Bedrock gets no Secret", { pod: { env: [{ name: "CLAUDE_CODE_USE_BEDROCK", value: "1" }] } }, []],
  ["has another variable gets the default", { pod: { env: [{ name: "TZ", value: "UTC" }] } }, defaultSecret],
])("a run that %s", (_, spec, wanted) => {
  expect(secretOf(spec, "shared")).toEqual(wanted);
});

test("a run without credentials gets none if there is no default", () => {
  expect(secretOf({})).toEqual([]);
});
