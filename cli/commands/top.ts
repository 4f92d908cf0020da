/** `top`: the agents at work, live on a screen, once in a pipe. */
import type { ClaudeRun } from "../../crds/claude-run.ts";
import { watchRuns } from "../kubernetes/collection-watch.ts";
import { listRuns, type Selection } from "../kubernetes/runs.ts";
import { printRuns } from "../output.ts";
import { exitCodes, saidBy } from "../problem.ts";
import type { Session } from "../session.ts";
import { FullScreen } from "../terminal/full-screen.ts";
import { viewOf } from "../top/view.ts";

/** Ages grow by the second. */
const tickMs = 1_000;
/** Changes that come in a burst are drawn together. */
const shortestPauseMs = 100;

/** Redraws until q or Ctrl-C. */
export async function top(session: Session): Promise<number> {
  const { terminal, namespaces: namespace, options, connection } = session;
  const selection = { namespace, labelSelector: options.selector };
  if (terminal.isScreen && options.output === undefined) return live(session, selection);
  const { items } = await listRuns(connection, selection);
  if (options.output !== undefined) printRuns(terminal, options.output, items);
  else {
    const moment = { runs: items, nowMs: Date.now(), namespace, trouble: undefined, height: Infinity };
    for (const line of viewOf(terminal, moment)) terminal.say(line);
  }
  return 0;
}

async function live({ terminal, connection }: Session, selection: Selection): Promise<number> {
  const over = new AbortController();
  let exitCode = 0;
  const screen = new FullScreen((how) => {
    exitCode = how === "quit" ? 0 : exitCodes.detached;
    over.abort();
  });
  let runs: readonly ClaudeRun[] | undefined;
  let trouble: string | undefined;
  const draw = (): void => {
    if (runs === undefined) return;
    const moment = { runs, nowMs: Date.now(), namespace: selection.namespace, trouble, height: terminal.rows };
    screen.draw([...viewOf(terminal, moment), "", terminal.paint("dim", "q quits")]);
  };
  let isDue = false;
  const soon = (): void => {
    if (isDue) return;
    isDue = true;
    setTimeout(() => {
      isDue = false;
      draw();
    }, shortestPauseMs);
  };
  const ticking = setInterval(draw, tickMs);
  process.stdout.on("resize", draw);
  try {
    await watchRuns(connection, selection, {
      onRuns: (now) => {
        // Not before there is something to show: what fails at once is said on the screen that was there.
        if (runs === undefined) screen.open();
        runs = now;
        trouble = undefined;
        soon();
      },
      onTrouble: (error) => {
        trouble = saidBy(error);
        soon();
      },
      signal: over.signal,
    });
  } finally {
    clearInterval(ticking);
    process.stdout.removeListener("resize", draw);
    screen.close();
  }
  return exitCode;
}
