/** The prompt's bytes arrive at the API as they were given, whatever they are: compared by hash. */
import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { removeRuns } from "../../runner/test-stub.ts";
import { FakeApi } from "./fake-api.ts";
import { play } from "./scenario.ts";

let api: FakeApi;
beforeAll(async () => {
  api = await FakeApi.start();
});
afterAll(async () => {
  await api.stop();
  await removeRuns();
});

const mebibyte = 1024 * 1024;
/** Of this many bytes: no two lines are the same, and characters of every length are in it. */
function long(bytes: number): string {
  let text = "";
  for (let line = 0; text.length < bytes / 1.2; line++) text += `line ${line}: Grüße 漢字 🦊\n`;
  const cut = Buffer.from(text)
    .subarray(0, bytes - 8)
    .toString()
    .replace(/\uFFFD+$/u, "");
  return cut + ".".repeat(bytes - Buffer.byteLength(cut));
}

const prompts: readonly [name: string, prompt: string][] = [
  ["of 1 byte", "x"],
  ["of 2 bytes", "é"],
  ["of 1,000 bytes", long(1000)],
  ["of 64 KiB", long(64 * 1024)],
  ["of 1 MiB", long(mebibyte)],
  ["that begins with a dash", "-p --model x; rm -rf $HOME"],
  ["that looks like an option", "--version"],
  ["that is nothing but two dashes", "--"],
  ["that begins with a path", "/etc/passwd is a file: what is in it?"],
  ["that begins like a command", "/no-such-command a b"],
  ["with blanks and newlines around it", "  a\n\n"],
  ["with quotes, dollars and backticks", "'\"`$(id) $HOME \\n %s"],
  ["with carriage returns and blank lines", "a\r\nb\r\n\r\n\r\nc"],
  ["with a line separator and a BOM inside", "a\u2028b\uFEFFc"],
];

describe.concurrent("a prompt", () => {
  it.each(prompts)("%s", async (_, prompt) => {
    const { run } = await play({ prompt }, api);
    expect(run.report).toMatchObject({ reason: "Completed", result: { turns: 1 } });
    const sent = api.of(run.report.session?.id ?? "").flatMap((request) => request.prompts ?? []);
    const bytes = Buffer.byteLength(prompt);
    expect(sent).toContainEqual({ bytes, sha256: createHash("sha256").update(prompt).digest("hex") });
  });
});
