/** Plays the operator and the kubelet of one ClaudeRun: writes the status and the pod's log on the test's command. */
import type { ClaudeRun } from "../../crds/claude-run.ts";
import type { RunReport } from "../../runner/contract.ts";
import type { ClaudeRunApi } from "./claude-run-api.ts";
import { KubeletLog } from "./kubelet-log.ts";
import { RunnerLog } from "./runner-log.ts";

/** One run whose status and log the test writes. */
export class OperatedRun {
  readonly #api: ClaudeRunApi;
  readonly name: string;
  readonly pod: string;
  readonly kubelet = new KubeletLog();
  readonly log = new RunnerLog();
  #shown = 0;

  constructor(api: ClaudeRunApi, name: string, attempt = 1) {
    this.#api = api;
    this.name = name;
    this.pod = `${name}-${attempt}`;
  }

  /** Writes the phase and the condition Succeeded. */
  setPhase(phase: string, reason: string, message = "", more: Record<string, unknown> = {}): this {
    const value = phase === "Succeeded" ? "True" : phase === "Failed" || phase === "Cancelled" ? "False" : "Unknown";
    const conditions = [{ type: "Succeeded", status: value, reason, message }];
    this.#api.status(this.name, { phase, conditions, ...more });
    return this;
  }

  queued(position = 1): this {
    return this.setPhase("Queued", "AgentBusy", "The agent has another run.", { queuePosition: position });
  }

  pending(reason: string, message = ""): this {
    return this.setPhase("Pending", reason, message, {
      pod: { name: this.pod, phase: "Pending", waitingReason: reason },
    });
  }

  /** Starts the container, whose log can be read from now on. */
  running(): this {
    this.#api.logs.set(this.pod, this.kubelet);
    const pod = { name: this.pod, node: "node-1", phase: "Running" };
    return this.setPhase("Running", "Running", "", { pod, startTime: "2026-11-23T00:00:00Z" });
  }

  /** Writes lines of claude, and a checkpoint of the runner. */
  writes(...lines: readonly (string | Buffer | object)[]): this {
    for (const line of lines)
      this.log.claude(typeof line === "object" && !Buffer.isBuffer(line) ? JSON.stringify(line) : line);
    this.log.checkpoint();
    return this.#show();
  }

  /** Writes the runner's last line, but no status. */
  reports(report: Partial<RunReport> = {}): this {
    this.log.end(report);
    this.#show();
    this.kubelet.finish();
    return this;
  }

  /** Writes the status of a finished run. */
  finished(
    phase: "Succeeded" | "Failed" | "Cancelled",
    reason: string,
    message = "",
    status: Record<string, unknown> = {},
  ): this {
    const failure = phase === "Failed" ? { failure: { reason, message } } : {};
    this.kubelet.finish();
    return this.setPhase(phase, reason, message, { ...failure, completionTime: "2026-11-23T00:01:00Z", ...status });
  }

  /** Deletes the run, as a user would: its pod ends with it. */
  deleted(): this {
    this.#api.remove("clauderuns", this.name);
    this.kubelet.finish();
    return this;
  }

  /** Plays a whole run that succeeds. */
  succeeds(text = "Done."): this {
    this.running().writes(init, { type: "result", subtype: "success", is_error: false, result: text, session_id: "s" });
    this.reports({ session: { id: "s" } });
    return this.finished("Succeeded", "Completed", "", { result: { exitCode: 0, text }, session: { id: "s" } });
  }

  #show(): this {
    this.kubelet.write(...this.log.lines.slice(this.#shown));
    this.#shown = this.log.lines.length;
    return this;
  }
}

/** claude's first event. */
export const init = { type: "system", subtype: "init", model: "claude-opus-5", session_id: "s" };

/** Calls `admit` once for each run, as soon as it is not suspended. */
export function operate(api: ClaudeRunApi, admit: (operated: OperatedRun, run: ClaudeRun) => void): void {
  const seen = new Set<string>();
  api.onRun = (run) => {
    if (run.spec.suspend || seen.has(run.metadata.uid)) return;
    seen.add(run.metadata.uid);
    admit(new OperatedRun(api, run.metadata.name), run);
  };
}
