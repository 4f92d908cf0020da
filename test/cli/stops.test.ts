/** Runs stopped at every stage: by a signal to the runner, by a limit, by claude's own tools. */
import { bash } from "./fake-api.ts";
import { beyondAnyPause, type Row, type Scenario } from "./scenario.ts";
import { playTables } from "./tables.ts";

const inTool = bash("touch started; perl -e 'sleep 600'");
const waiting: Scenario = { turns: [{ hang: true }] };
const inReply: Scenario = {
  turns: [{ text: "one piece after the other", chunk: 1, chunkDelayMs: 5000 }],
  claude: { includePartialMessages: true },
};
const inBackground: Scenario = {
  turns: [bash("perl -e 'sleep 600'", { run_in_background: true }), { text: "meanwhile" }],
};

/** On SIGINT the CLI writes an error result if it gets there before its exit; on a busy machine either can be first. */
const interrupted = ["NoResult", "ClaudeFailed"] as const;

const signals: readonly Row[] = [
  [
    "TERM before claude's first line",
    { ...waiting, signal: [`"subtype":"start"`, "SIGTERM"] },
    "NoResult",
    { code: 143, session: "none", stop: "Signal" },
  ],
  [
    "TERM while it waits for the API",
    { ...waiting, signal: ["request", "SIGTERM"] },
    "NoResult",
    { code: 143, stop: "Signal", session: "other" },
  ],
  [
    "INT while it waits: exit code 0 is no success",
    { ...waiting, signal: ["request", "SIGINT"] },
    interrupted,
    { code: 0, stop: "Signal" },
  ],
  ["HUP while it waits", { ...waiting, signal: ["request", "SIGHUP"] }, "NoResult", { code: 129, stop: "Signal" }],
  [
    "TERM in the middle of a reply",
    { ...inReply, signal: ["text_delta", "SIGTERM"] },
    "NoResult",
    { code: 143, stop: "Signal" },
  ],
  [
    "INT in the middle of a reply: exit code 0 is no success",
    { ...inReply, signal: ["text_delta", "SIGINT"] },
    interrupted,
    { code: 0, stop: "Signal" },
  ],
  [
    "TERM in a tool: the turn before it is paid",
    { turns: [inTool], signal: ["file", "SIGTERM"] },
    "NoResult",
    { code: 143, stop: "Signal", cost: "0.0006" },
  ],
  [
    "INT in a tool: exit code 0 is no success",
    { turns: [inTool], signal: ["file", "SIGINT"] },
    interrupted,
    { code: 0, stop: "Signal" },
  ],
  [
    "TERM while a command runs in the background",
    { ...inBackground, signal: [`"type":"result"`, "SIGTERM"] },
    "ClaudeFailed",
    { code: 143, stop: "Signal", turns: 2, cost: "0.0012" },
  ],
  [
    "TERM in a resumed run",
    { turns: [inTool], after: { turns: [{ text: "ok" }] }, signal: ["file", "SIGTERM"] },
    "NoResult",
    { session: "same", cost: "0.0006" },
  ],
  [
    "KILL by its own tool: what it cost is not known",
    { turns: [bash("kill -9 $PPID")] },
    "NoResult",
    { code: 137, cost: undefined, session: "other" },
  ],
  ["TERM by its own tool", { turns: [bash("kill -15 $PPID; perl -e 'sleep 600'")] }, "NoResult", { code: 143 }],
];

const limits: readonly Row[] = [
  [
    "activeDeadlineSeconds while it waits",
    { ...waiting, config: { activeDeadlineSeconds: 4 } },
    "DeadlineExceeded",
    { stop: "DeadlineExceeded" },
  ],
  [
    "idleTimeoutSeconds in a silent tool",
    { turns: [inTool], silentFrom: "file", config: { idleTimeoutSeconds: beyondAnyPause } },
    "IdleTimeout",
    { stop: "IdleTimeout", cost: "0.0006" },
  ],
  [
    "idleTimeoutSeconds before anything",
    { ...waiting, config: { idleTimeoutSeconds: 0.05 } },
    "NoOutput",
    { stop: "NoOutput", session: "none" },
  ],
  [
    "a tool that ignores TERM",
    {
      turns: [bash("trap '' TERM; touch started; while :; do perl -e 'sleep 1'; done")],
      signal: ["file", "SIGTERM"],
      config: { terminationGracePeriodSeconds: 4 },
    },
    "NoResult",
    { stop: "Signal" },
  ],
];

playTables({ "a signal": signals, "a limit": limits });
