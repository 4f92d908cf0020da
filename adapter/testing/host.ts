/** A host of the adapter in a test: records all callbacks in order, and can cancel. */
import type { AdapterExecutionContext, AdapterRuntime } from "@paperclipai/adapter-utils";
import { randomUUID } from "node:crypto";
import { logPrefix } from "../log-prefix.ts";

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
  /** Names of the callbacks in order. */
  readonly calls: string[] = [];
  /** claude's output, without the adapter's own lines. */
  stdout = "";
  stderr = "";
  /** The adapter's own lines on both streams. */
  ownLines = "";
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
      onCancellationReady: () => this.#recordCall("onCancellationReady"),
      onDispatch: () => void this.#recordCall("onDispatch"),
      onMeta: () => this.#recordCall("onMeta"),
      onLog: (stream, chunk) => {
        this.#record(stream, chunk);
        return this.#recordCall(`onLog:${stream}`);
      },
    };
  }

  cancel(reason = "the test cancels"): void {
    this.#abort.abort(new Error(reason));
  }

  /** Resolves once the condition is true; it is checked after every callback. */
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

  #record(stream: "stdout" | "stderr", chunk: string): void {
    const isOwn = chunk.startsWith(logPrefix);
    if (isOwn) this.ownLines += chunk;
    if (stream === "stderr") this.stderr += chunk;
    else if (!isOwn) this.stdout += chunk;
    else if (!/(^|\n)$/.test(this.stdout)) throw new Error(`a line of claude's is cut in two by ${chunk}`);
  }

  #recordCall(name: string): Promise<void> {
    this.calls.push(name);
    for (const listener of [...this.#listeners]) listener();
    return Promise.resolve();
  }
}
