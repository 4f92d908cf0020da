/** The prompt's bytes arrive at the API as they were given, whatever they are: compared by hash. */
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { play } from "./scenario.ts";
import { useFakeApi } from "./tables.ts";

const api = useFakeApi();

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

const prompts: readonly [name: string, prompt: string | Buffer][] = [
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
  ["with a NUL and other control characters", "a\0b\u0001\u001B[31mc\u007F"],
  ["that is no UTF-8: the CLI reads U+FFFD for each broken byte", Buffer.from([0x61, 0xff, 0xfe, 0x62, 0xc3, 0x63])],
];

describe.concurrent("a prompt", () => {
  it.each(prompts)("%s", async (_, prompt) => {
    const { run } = await play({ prompt }, api());
    expect(run.report).toMatchObject({ reason: "Completed", result: { turns: 1 } });
    const sent = api()
      .of(run.report.session?.id ?? "")
      .flatMap((request) => request.prompts ?? []);
    const text = prompt.toString();
    const bytes = Buffer.byteLength(text);
    expect(sent).toContainEqual({ bytes, sha256: createHash("sha256").update(text).digest("hex") });
  });
});
