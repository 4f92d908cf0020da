/** What a runner would have written: claude's lines, and between them the runner's own with their sums. */
import { createHash } from "node:crypto";
import type { RunnerLine, RunReport } from "../../runner/contract.ts";

type WithoutSeq<T> = T extends unknown ? Omit<T, "seq" | "type"> : never;

/** Writes lines and counts them as the runner does. */
export class RunnerLog {
  readonly #hash = createHash("sha256");
  readonly lines: Buffer[] = [];
  #bytes = 0;
  #seq = 0;

  constructor(time = "2026-11-22T20:00:00.000Z") {
    this.#own({ subtype: "start", v: 1, time });
  }

  /** Everything so far. */
  get bytes(): Buffer {
    return Buffer.concat(this.lines);
  }

  /** A line of claude's, without its newline. */
  claude(line: string | Buffer): this {
    this.#write(Buffer.concat([Buffer.from(line), Buffer.from("\n")]));
    return this;
  }

  stderr(text: string): this {
    return this.#own({ subtype: "stderr", text });
  }

  checkpoint(): this {
    return this.#own({
      subtype: "checkpoint",
      time: "2026-11-22T20:00:05.000Z",
      log: this.#sums(),
      progress: { turns: 1 },
    });
  }

  end(report: Partial<RunReport> = {}): this {
    const log = this.#sums();
    const full: RunReport = { v: 1, complete: true, reason: "Completed", result: { exitCode: 0 }, ...report, log };
    return this.#own({ subtype: "end", time: "2026-11-22T20:01:00.000Z", report: full });
  }

  #sums(): RunReport["log"] {
    return { lines: this.lines.length, bytes: this.#bytes, sha256: this.#hash.copy().digest("hex") };
  }

  #own(line: WithoutSeq<RunnerLine>): this {
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
