/** Replaces claude while the runner is measured: prints lines at once or at a steady pace. */
import { writeSync } from "node:fs";

const [, , mode = "", count = "0", lineBytes = "0"] = process.argv;

function event(bytes: number, fields: object): Buffer {
  const bare = JSON.stringify({ type: "assistant", session_id: "s", ...fields, message: { id: "m", content: "" } });
  const filler = "x".repeat(Math.max(0, bytes - bare.length - 1));
  return Buffer.from(`${bare.replace('"content":""', `"content":"${filler}"`)}\n`);
}

/** Writes blocks of about one MiB as fast as possible. */
function flood(mebibytes: number): void {
  const line = event(Number(lineBytes), {});
  const block = Buffer.concat(Array<Buffer>(Math.max(1, Math.round(2 ** 20 / line.length))).fill(line));
  for (let sent = 0; sent < mebibytes * 2 ** 20; sent += block.length) {
    for (let at = 0; at < block.length;) at += writeSync(1, block, at);
  }
}

/** Writes a timestamped line every five milliseconds, on the clock that all processes share. */
function rate(lines: number): void {
  const timer = setInterval(() => {
    writeSync(1, event(Number(lineBytes), { at: Number(process.hrtime.bigint() / 1000n) }));
    if (--lines === 0) clearInterval(timer);
  }, 5);
}

if (mode === "flood") flood(Number(count));
else rate(Number(count));
