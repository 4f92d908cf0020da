/** A host of the adapter, as a test sees one: what it was told, in order, and the means to cancel. */
import type { AdapterExecutionContext, AdapterRuntime } from "@paperclipai/adapter-utils";
import { randomUUID } from "node:crypto";
import { ownPrefix } from "../own-lines.ts";

export interface HostOptions {
  readonly config?: Record<string, unknown>;
  readonly context?: Record<string, unknown>;
  readonly agentId?: string;
  readonly runId?: string;
  readonly runtime?: Partial<AdapterRuntime>;
}

export class TestHost {
  readonly #abort = new AbortController();
  readonly context: AdapterExecutionContext;
  /** Names of the callbacks in the order in which they came. */
  readonly calls: string[] = [];
  /** claude's, without the adapter's own lines. */
  stdout = "";
  stderr = "";
  /** The adapter's own lines on both. */
  said = "";
  #listeners = new Set<() => void>();

  constructor(options: HostOptions = {}) {
    const config = options.config ?? {};
    this.context = {
      runId: options.runId ?? randomUUID(),
      agent: {
        id: options.agentId ?? randomUUID(),
        companyId: "0b0c6f6e-54a0-4c4e-9a53-000000000001",
        name: "Tester",
        adapterType: "claude_k8s",
        adapterConfig: config,
      },
      runtime: { sessionId: null, sessionParams: null, sessionDisplayId: null, taskKey: null, ...options.runtime },
      config,
      context: options.context ?? {},
      authToken: "run-token-not-real",
      signal: this.#abort.signal,
      onCancellationReady: () => this.#called("onCancellationReady"),
      onDispatch: () => void this.#called("onDispatch"),
      onMeta: () => this.#called("onMeta"),
      onLog: (stream, chunk) => {
        this.#take(stream, chunk);
        return this.#called(`onLog:${stream}`);
      },
    };
  }

  cancel(reason = "a test's wish"): void {
    this.#abort.abort(new Error(reason));
  }

  /** Resolves once the condition holds; it is looked at after every callback. */
  async until(condition: () => boolean): Promise<void> {
    if (condition()) return;
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const listener = (): void => {
      if (condition()) resolve(undefined);
    };
    this.#listeners.add(listener);
    await promise;
    this.#listeners.delete(listener);
  }

  #take(stream: "stdout" | "stderr", chunk: string): void {
    const isOwn = chunk.startsWith(ownPrefix);
    if (isOwn) this.said += chunk;
    if (stream === "stderr") this.stderr += chunk;
    else if (!isOwn) this.stdout += chunk;
    else if (!/(^|\n)$/.test(this.stdout)) throw new Error(`a line of claude's is cut in two by ${chunk}`);
  }

  #called(name: string): Promise<void> {
    this.calls.push(name);
    for (const listener of [...this.#listeners]) listener();
    return Promise.resolve();
  }
}
