/** Follows one run of the host through its REST API, and prints every line of its transcript once. */
import { setTimeout as wait } from "node:timers/promises";
import { logPrefix } from "../../../adapter/log-prefix.ts";
import { render } from "../../demo/render.ts";
import { logPrinter } from "../../demo/screen.ts";
import { over, type HostRun, type Office } from "../office.ts";

export interface Watched {
  readonly name: string;
  readonly run: HostRun;
}

export interface WatchOptions {
  /** Prefix of each line. */
  readonly name: string;
  readonly index: number;
  readonly width: number;
  readonly stop: AbortSignal;
}

const lookMs = 500;

/** Resolves to the issue's first run once it is over; rejects if the signal fires. */
export async function watchRun(office: Office, issue: string, options: WatchOptions): Promise<Watched> {
  const { name, index, width, stop } = options;
  const print = logPrinter(name, index, width);
  const { id } = await office.nth(issue, 0, 60);
  print({ kind: "note", text: `run ${id}` });
  let shown = 0;
  let status = "";
  for (;;) {
    stop.throwIfAborted();
    const run = await office.run(id);
    const lines = (await office.output(id, "stdout")).split("\n").slice(0, -1);
    for (const line of lines.slice(shown)) {
      if (line.startsWith(logPrefix)) print({ kind: "note", text: line.slice(logPrefix.length) });
      else for (const each of render(line)) print(each);
    }
    shown = lines.length;
    if (run.status !== status) print({ kind: "note", text: `Paperclip: ${run.status}` });
    status = run.status;
    if (over.has(run.status)) return { name, run };
    await wait(lookMs, undefined, { signal: stop });
  }
}
