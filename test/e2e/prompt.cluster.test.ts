/** The prompt on its way through API server, ConfigMap and kubelet to claude's stdin: every byte of it. */
import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { kubectl } from "../cluster/kubectl.ts";
import { claudeFrom, Stage } from "./stage.ts";

/** Answers with the hash of its stdin. */
const hasher = `#!/usr/bin/env node
const bytes = require("fs").readFileSync(0);
const result = require("crypto").createHash("sha256").update(bytes).digest("hex");
console.log(JSON.stringify({ type: "result", subtype: "success", is_error: false, num_turns: 1, session_id: "s", result }));
`;
const pod = claudeFrom("hasher");
/** Every byte value in turn, so NUL, CRLF and broken UTF-8 too; the rows differ. */
const mebibyte = Buffer.from(Array.from({ length: 1024 * 1024 }, (_, index) => (index + (index >> 8)) & 0xff));
const sha256 = (bytes: Buffer | string): string => createHash("sha256").update(bytes).digest("hex");

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open("prompt");
  await stage.kubectl("create", "configmap", "hasher", `--from-literal=claude=${hasher}`);
});
afterAll(() => stage.close());

describe.concurrent("a prompt reaches claude unchanged", () => {
  it("mounted: 1 MiB of every byte value", async () => {
    const metadata = { name: "bytes", namespace: stage.namespace };
    const binaryData = { p: mebibyte.toString("base64") };
    await kubectl(["create", "-f", "-"], { apiVersion: "v1", kind: "ConfigMap", metadata, binaryData });
    await stage.create(stage.run("mounted", [], { pod, promptFrom: { configMapKeyRef: { name: "bytes", key: "p" } } }));
    expect((await stage.ended("mounted")).status?.result?.text).toBe(sha256(mebibyte));
  });

  it.each([
    ["one-byte", "/"],
    ["dash", "-p --model x"],
    ["crlf", "  /no-such-command\r\n\r\n\t'\"`$(id)\u2028 \n\n"],
    ["long", "Grüße 漢字 🦊\n".repeat(2600)],
  ])("inline: %s", async (name, prompt) => {
    const run = stage.run(name, [], { pod });
    await stage.create({ ...run, spec: { ...run.spec, prompt } });
    expect((await stage.ended(name)).status?.result?.text).toBe(sha256(prompt));
  });
});
