/** Hooks that stop a run: before the model is called, at a tool, or after the answer; with both CLI generations. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { versions } from "./claude.ts";
import { bash } from "./fake-api.ts";
import type { Row, Scenario } from "./scenario.ts";
import { playTables } from "./tables.ts";

/** A settings file in which this event's hook prints these words and ends with this code. */
function hooked(event: string, says: object | string, code = 0): Scenario {
  const stream = code === 2 ? ">&2" : "";
  const words = typeof says === "string" ? says : JSON.stringify(says);
  return running(event, `echo '${words}' ${stream}; exit ${code}`);
}

/** A settings file in which this event's hook runs this command. */
function running(event: string, command: string): Scenario {
  return {
    claude: { settingsPath: "../settings.json" },
    prepare: (directory) =>
      writeFile(
        join(directory, "settings.json"),
        JSON.stringify({ hooks: { [event]: [{ hooks: [{ type: "command", command }] }] } }),
      ),
  };
}

const stop = { continue: false, stopReason: "closed on Sunday" };
/** Blocks the end twice, and lets the third pass. */
const blocksTwice =
  "n=$(cat ../stops 2>/dev/null || echo 0); echo $((n + 1)) > ../stops; [ $n -ge 2 ] || { echo more >&2; exit 2; }";
const words = /The hook says: .*closed on Sunday/u;

const rows = versions.flatMap((version): Row[] => [
  [
    `${version}: exit code 2 at UserPromptSubmit`,
    { ...hooked("UserPromptSubmit", "closed on Sunday", 2), version, turns: [{ text: "ok" }] },
    "PromptBlocked",
    { turns: 0, requests: 0, text: /^(?![\s\S]*@fake)[\s\S]*closed on Sunday/u, message: words },
  ],
  [
    `${version}: continue false at UserPromptSubmit`,
    { ...hooked("UserPromptSubmit", stop), version, turns: [{ text: "ok" }] },
    "PromptBlocked",
    { turns: 0, requests: 0, message: words },
  ],
  [
    `${version}: continue false at PreToolUse`,
    { ...hooked("PreToolUse", stop), version, turns: [bash("true"), { text: "ok" }] },
    "PromptBlocked",
    { text: "", requests: 1, message: /hook stopped claude/u },
  ],
  [
    `${version}: continue false at Stop, after the answer`,
    { ...hooked("Stop", stop), version, turns: [{ text: "ok" }] },
    "Completed",
    { text: "ok", requests: 1 },
  ],
  [
    `${version}: continue false at SessionStart`,
    { ...hooked("SessionStart", stop), version, turns: [{ text: "ok" }] },
    "Completed",
    { text: "ok", requests: 1 },
  ],
  [
    `${version}: exit code 1 at SessionStart`,
    { ...hooked("SessionStart", "closed", 1), version, turns: [{ text: "ok" }] },
    "Completed",
    { text: "ok", requests: 1 },
  ],
  [
    `${version}: exit code 1 at SessionEnd`,
    { ...hooked("SessionEnd", "closed", 1), version, turns: [{ text: "ok" }] },
    "Completed",
    { text: "ok", requests: 1 },
  ],
  [
    `${version}: exit code 2 at PreToolUse: the tool is denied, and claude goes on`,
    { ...hooked("PreToolUse", "closed", 2), version, turns: [bash("true"), { text: "ok" }] },
    "Completed",
    { text: "ok", requests: 2 },
  ],
  [
    `${version}: exit code 2 at Stop, twice`,
    { ...running("Stop", blocksTwice), version, turns: [{ text: "one" }, { text: "two" }, { text: "three" }] },
    "Completed",
    { text: "three", requests: 3 },
  ],
]);

playTables({ rows });
