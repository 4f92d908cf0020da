/** A log as the runner writes it: claude's lines, and the runner's own lines with sizes and digests. */
import { createHash } from "node:crypto";
import type { RunnerLine, RunReport } from "../../runner/contract.ts";

type WithoutSeq<T> = T extends unknown ? Omit<T, "seq" | "type"> : never;

/** Writes lines, and counts them as the runner does. */
export class RunnerLog {
  readonly #hash = createHash("sha256");
  readonly lines: Buffer[] = [];
  #bytes = 0;
  #seq = 0;

  constructor(time = "2026-11-22T20:00:00.000Z") {
    this.#writeOwn({ subtype: "start", v: 1, time });
  }

  /** The whole log so far. */
  get bytes(): Buffer {
    return Buffer.concat(this.lines);
  }

  /** Writes a line of claude, given without its newline. */
  claude(line: string | Buffer): this {
    this.#write(Buffer.concat([Buffer.from(line), Buffer.from("\n")]));
    return this;
  }

  stderr(text: string): this {
    return this.#writeOwn({ subtype: "stderr", text });
  }

  checkpoint(): this {
    return this.#writeOwn({
      subtype: "checkpoint",
      time: "2026-11-22T20:00:05.000Z",
      log: this.#sums(),
      progress: { turns: 1 },
    });
  }

  end(report: Partial<RunReport> = {}): this {
    const log = this.#sums();
    const full: RunReport = { v: 1, complete: true, reason: "Completed", result: { exitCode: 0 }, ...report, log };
    return this.#writeOwn({ subtype: "end", time: "2026-11-22T20:01:00.000Z", report: full });
  }

  #sums(): RunReport["log"] {
    return { lines: this.lines.length, bytes: this.#bytes, sha256: this.#hash.copy().digest("hex") };
  }

  #writeOwn(line: WithoutSeq<RunnerLine>): this {
    this.#seq += 1;
    this.#write(Buffer.from(`${JSON.stringify({ type: "runner", ...line, seq: this.#seq })}\n`));
    return this;
  }

  #write(line: Buffer): void {
    this.#hash.update(line);
    this.#bytes += line.length;
    this.lines.push(line);
  }
}
