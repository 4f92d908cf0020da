/** What an operator would do to a ClaudeRun, in the test's own words and at its own pace: status after status, and the pod's log. */
import type { ClaudeRun } from "../../crds/claude-run.ts";
import type { RunReport } from "../../runner/contract.ts";
import type { TestApi } from "./api-server.ts";
import { KubeletLog } from "./kubelet-log.ts";
import { RunnerLog } from "./runner-log.ts";

/** One run in its hands. */
export class OperatedRun {
  readonly #api: TestApi;
  readonly name: string;
  readonly pod: string;
  readonly kubelet = new KubeletLog();
  readonly log = new RunnerLog();
  #shown = 0;

  constructor(api: TestApi, name: string, attempt = 1) {
    this.#api = api;
    this.name = name;
    this.pod = `${name}-${attempt}`;
  }

  /** The reason of the condition that people look at, and the phase derived from it. */
  says(phase: string, reason: string, message = "", more: Record<string, unknown> = {}): this {
    const value = phase === "Succeeded" ? "True" : phase === "Failed" || phase === "Cancelled" ? "False" : "Unknown";
    const conditions = [{ type: "Succeeded", status: value, reason, message }];
    this.#api.status(this.name, { phase, conditions, ...more });
    return this;
  }

  queued(position = 1): this {
    return this.says("Queued", "AgentBusy", "The agent has another run.", { queuePosition: position });
  }

  pending(reason: string, message = ""): this {
    return this.says("Pending", reason, message, { pod: { name: this.pod, phase: "Pending", waitingReason: reason } });
  }

  /** The container runs: its log can be read. */
  running(): this {
    this.#api.logs.set(this.pod, this.kubelet);
    const pod = { name: this.pod, node: "node-1", phase: "Running" };
    return this.says("Running", "Running", "", { pod, startTime: "2026-11-23T00:00:00Z" });
  }

  /** claude writes lines, and the runner a checkpoint. */
  writes(...lines: readonly (string | Buffer | object)[]): this {
    for (const line of lines)
      this.log.claude(typeof line === "object" && !Buffer.isBuffer(line) ? JSON.stringify(line) : line);
    this.log.checkpoint();
    return this.#show();
  }

  /** The runner's last line; the status does not know it yet. */
  reports(report: Partial<RunReport> = {}): this {
    this.log.end(report);
    this.#show();
    this.kubelet.finish();
    return this;
  }

  /** The run is over for the API. */
  finished(
    phase: "Succeeded" | "Failed" | "Cancelled",
    reason: string,
    message = "",
    status: Record<string, unknown> = {},
  ): this {
    const failure = phase === "Failed" ? { failure: { reason, message } } : {};
    this.kubelet.finish();
    return this.says(phase, reason, message, { ...failure, completionTime: "2026-11-23T00:01:00Z", ...status });
  }

  /** Somebody deletes the run: its pod ends with it. */
  deleted(): this {
    this.#api.remove("clauderuns", this.name);
    this.kubelet.finish();
    return this;
  }

  /** A whole run that succeeds. */
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

/** Calls back for each run as soon as it may be admitted: once. */
export function operate(api: TestApi, admit: (operated: OperatedRun, run: ClaudeRun) => void): void {
  const seen = new Set<string>();
  api.onRun = (run) => {
    if (run.spec.suspend || seen.has(run.metadata.uid)) return;
    seen.add(run.metadata.uid);
    admit(new OperatedRun(api, run.metadata.name), run);
  };
}
