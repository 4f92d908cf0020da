/** Creates, lists, follows and cancels the ClaudeRuns of one namespace. */
import { randomUUID } from "node:crypto";
import type { ClaudeRun, ClaudeRunInput } from "../crds/claude-run.ts";
import { apiVersion, group, kind } from "../crds/names.ts";
import type { LoadOptions } from "../kube/access.ts";
import { Connection } from "../kube/connection.ts";
import { AttemptLog } from "./attempt-log.ts";
import { continuedSpec, resumableSession } from "./copy-spec.ts";
import { listRuns } from "./list-runs.ts";
import type { LogSink } from "./log/sink.ts";
import { sumUSD } from "./money.ts";
import { isFinished } from "../crds/finished.ts";
import { podToFollow } from "./run-facts.ts";
import { RunWatch } from "./run-watch.ts";
import { cancelRun, createRun, readRun } from "./runs.ts";

/** Identifies the run of a request whose response was lost, among runs of the same name. */
const requestAnnotation = `${group}/client-request`;

/** Options of `ClaudeRuns.connect`. Without `kubeconfig` and `context` it finds the cluster as kubectl does. */
export interface ConnectOptions extends Pick<LoadOptions, "kubeconfig" | "context"> {
  /** Default: the namespace of the context, else of the pod's ServiceAccount, else `default`. */
  readonly namespace?: string;
  /** Name of the program in the API server's audit log. Default: `claude-run-client/VERSION`. */
  readonly userAgent?: string;
}

/** A run to create. */
export interface RunRequest {
  /** Name of the ClaudeRun, unique in its namespace. */
  readonly name: string;
  /** `agent` and `prompt` are required. The operator's configuration sets defaults for the other fields. */
  readonly spec: ClaudeRunInput["spec"];
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Receives the logs of a run in order. */
export interface LogListener {
  /**
   * Receives whole lines: claude's events on `stdout`, one JSON value a line, or its `stderr`. Reading pauses until the
   * promise resolves. If it rejects, `waitUntilFinished` rejects with the same error.
   */
  readonly onLog: LogSink["onLog"];
  /** Receives a message, without a trailing period, about log bytes that are missing or unverified. */
  readonly onWarning?: (message: string) => void;
}

/** Cost of finished runs. */
export interface Cost {
  /** Sum of the known costs in US dollars, an exact decimal. Not set if the cost of every run is unknown. */
  readonly costUSD?: string;
  /** Number of finished runs. */
  readonly runs: number;
  /** Number of finished runs whose cost is unknown or incomplete. */
  readonly unknown: number;
}

/** `waitUntilFinished` rejects with it if the run was deleted before it had finished. */
export class RunDeletedError extends Error {
  override readonly name = "RunDeletedError";
}

/**
 * Client for the ClaudeRuns of one namespace. All methods retry temporary failures a few times, and then reject with
 * ApiError. A rejection of the API server is final at once.
 */
export class ClaudeRuns {
  readonly #connection: Connection;
  /** The namespace of all runs of this client. */
  readonly namespace: string;

  /** For internal use: programs call `connect`. */
  constructor(connection: Connection, namespace: string) {
    this.#connection = connection;
    this.namespace = namespace;
  }

  /**
   * Returns a client for the cluster of the kubeconfig, or of the pod's ServiceAccount. Sends no request. Throws
   * KubeconfigError if there is no kubeconfig, or it cannot be used.
   */
  static connect({ namespace, userAgent = "claude-run-client/0.1.0", ...options }: ConnectOptions = {}): ClaudeRuns {
    const connection = Connection.load(options, { userAgent });
    return new ClaudeRuns(connection, namespace ?? connection.namespace ?? "default");
  }

  /** Closes all connections. The client cannot be used afterwards. */
  close(): void {
    this.#connection.close();
  }

  /**
   * Creates a run exactly once, even if a response is lost and the request is retried. Rejects with AlreadyExistsError
   * if another request created a run of this name.
   */
  create({ name, spec, labels = {}, annotations = {} }: RunRequest): Promise<ClaudeRun> {
    const metadata = {
      name,
      namespace: this.namespace,
      labels,
      annotations: { ...annotations, [requestAnnotation]: randomUUID() },
    };
    return createRun(this.#connection, { apiVersion, kind, metadata, spec }, { requestAnnotation: requestAnnotation });
  }

  /** Returns the run of this name. Rejects with ApiError, code 404, if there is none. */
  get(name: string): Promise<ClaudeRun> {
    return readRun(this.#connection, { namespace: this.namespace, name });
  }

  /** Returns all runs in the API server's order, by name; with `agent` only this agent's. */
  async list({ agent, labelSelector }: { readonly agent?: string; readonly labelSelector?: string } = {}): Promise<
    readonly ClaudeRun[]
  > {
    const fieldSelector = agent === undefined ? undefined : `spec.agent=${agent}`;
    const { items } = await listRuns(this.#connection, { namespace: this.namespace, labelSelector, fieldSelector });
    return items;
  }

  /**
   * Asks the operator to cancel the run, for a reason of at most 256 characters. Resolves once the request is stored or
   * if the run does not exist: use `waitUntilFinished` to wait for the end.
   */
  cancel(name: string, reason: string): Promise<void> {
    return cancelRun(this.#connection, { namespace: this.namespace, name }, reason);
  }

  /**
   * Resolves to the run once its phase is Succeeded, Failed or Cancelled. A listener receives the logs of all attempts
   * in order, each byte once. Rejects with RunDeletedError, or the signal's reason. An abort does not cancel the run.
   */
  async waitUntilFinished(run: ClaudeRun, listener?: LogListener, signal?: AbortSignal): Promise<ClaudeRun> {
    const watch = new RunWatch(this.#connection, run);
    const abortSignal = signal ?? new AbortController().signal;
    watch.start();
    try {
      await this.#follow(watch, listener, abortSignal);
    } finally {
      await watch.stop();
    }
    abortSignal.throwIfAborted();
    if (isFinished(watch.run)) return watch.run;
    throw new RunDeletedError(`ClaudeRun ${run.metadata.name} was deleted before it had finished`);
  }

  async #follow(watch: RunWatch, listener: LogListener | undefined, signal: AbortSignal): Promise<void> {
    const followed = new Set<string>();
    const next = (): string | undefined => (listener === undefined ? undefined : podToFollow(watch.run, followed));
    for (;;) {
      await watch.until(() => next() !== undefined || watch.isDeleted || isFinished(watch.run), signal);
      const pod = next();
      if (pod === undefined || listener === undefined || signal.aborted) return;
      followed.add(pod);
      const sink = { onLog: listener.onLog, onWarning: listener.onWarning ?? ignore, transcript: noTranscript };
      await new AttemptLog({ connection: this.#connection, watch, sink, pod }).follow(signal);
    }
  }

  /**
   * Returns a spec that continues the session of the agent's newest finished run with this prompt. Returns undefined if
   * no finished run has a session on a volume claim.
   */
  async continuationSpec(agent: string, prompt: string): Promise<ClaudeRunInput["spec"] | undefined> {
    const runs = (await this.list({ agent })).filter((run) => isFinished(run) && resumableSession(run).ok);
    const newest = runs.toSorted((a, b) => completionTime(b).localeCompare(completionTime(a)))[0];
    const session = newest === undefined ? undefined : resumableSession(newest);
    if (newest === undefined || session?.ok !== true) return undefined;
    return { ...continuedSpec(newest, session.id), prompt } as ClaudeRunInput["spec"];
  }

  /** Returns the cost of the finished runs that still exist; with `agent` only this agent's. */
  async cost(selection: { readonly agent?: string; readonly labelSelector?: string } = {}): Promise<Cost> {
    const runs = (await this.list(selection)).filter(isFinished);
    const known = runs.flatMap(({ status }) => status?.result?.costUSD ?? []);
    const whole = runs.filter(
      ({ status }) => status?.result?.costUSD !== undefined && status.result.incomplete !== true,
    );
    const costUSD = sumUSD(known);
    return { runs: runs.length, unknown: runs.length - whole.length, ...(costUSD === undefined ? {} : { costUSD }) };
  }
}

const ignore = (): void => undefined;
const noTranscript = { read: ignore, readStderr: ignore };

function completionTime({ status }: ClaudeRun): string {
  return status?.completionTime ?? "";
}
