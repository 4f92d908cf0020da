/** `top`: shows the agents, live on a terminal and once in a pipe. */
import type { ClaudeRun } from "../../crds/claude-run.ts";
import { watchRuns } from "../../client/watch-runs.ts";
import { listRuns, type RunSelection } from "../../client/list-runs.ts";
import { printList } from "../output.ts";
import { exitCodes, serverMessage } from "../errors.ts";
import type { CommandContext } from "../command-context.ts";
import { FullScreen } from "../terminal/full-screen.ts";
import { styled } from "../terminal/terminal.ts";
import { viewOf } from "../top/view.ts";

/** Ages grow by the second. */
const tickMs = 1_000;
/** Changes within this time are drawn together. */
const minRedrawMs = 100;

/** Redraws until q or Ctrl-C. Returns the exit code. */
export async function top(ctx: CommandContext): Promise<number> {
  const { terminal, namespaceOrAll: namespace, options, connection } = ctx;
  const selection = { namespace, labelSelector: options.selector };
  if (terminal.isScreen && options.output === undefined) return watchLive(ctx, selection);
  const { items } = await listRuns(connection, selection);
  if (options.output !== undefined) printList(terminal, options.output, items);
  else {
    const state = { runs: items, nowMs: Date.now(), namespace, error: undefined, height: Infinity };
    for (const line of viewOf(terminal, state)) terminal.printLine(line);
  }
  return 0;
}

async function watchLive({ terminal, connection }: CommandContext, selection: RunSelection): Promise<number> {
  const over = new AbortController();
  let exitCode = 0;
  const screen = new FullScreen(terminal, (how) => {
    exitCode = how === "quit" ? 0 : exitCodes.detached;
    over.abort();
  });
  let runs: readonly ClaudeRun[] | undefined;
  let error: string | undefined;
  const draw = (): void => {
    if (runs === undefined) return;
    const state = { runs, nowMs: Date.now(), namespace: selection.namespace, error, height: terminal.rows };
    screen.draw([...viewOf(terminal, state), "", styled("dim", "q quits")]);
  };
  let isDue = false;
  const soon = (): void => {
    if (isDue) return;
    isDue = true;
    setTimeout(() => {
      isDue = false;
      draw();
    }, minRedrawMs);
  };
  const ticking = setInterval(draw, tickMs);
  const settled = terminal.onResize(draw);
  try {
    await watchRuns(connection, selection, {
      onRuns: (now) => {
        // Open the screen only now, so that an early failure is printed on the normal screen.
        if (runs === undefined) screen.open();
        runs = now;
        error = undefined;
        soon();
      },
      onError: (apiError) => {
        error = serverMessage(apiError);
        soon();
      },
      signal: over.signal,
    });
  } finally {
    clearInterval(ticking);
    settled();
    screen.close();
  }
  return exitCode;
}
