/**
 * A company on a real Paperclip server, whose agents run as ClaudeRuns on the real cluster. The server has only the
 * permissions of the chart's role, the adapter comes from this checkout, and the pods run the real CLI.
 */
import { randomUUID } from "node:crypto";
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ClaudeRun } from "../../crds/claude-run.ts";
import { kubectl } from "../cluster/kubectl.ts";
import { Stage, type Turn } from "../e2e/stage.ts";
import { eventually } from "../eventually.ts";
import { release } from "../install.ts";
import { Database } from "./database.ts";
import { freePort, Relay } from "./relay.ts";
import { PaperclipServer } from "./server.ts";
import { transcriptOf } from "./transcript.ts";

/** A run as the host's REST API shows it, as far as the tests ask. */
export interface HostRun {
  readonly id: string;
  readonly status: string;
  readonly error?: string | null;
  readonly errorCode?: string | null;
  readonly sessionIdAfter?: string | null;
  readonly resultJson?: Readonly<Record<string, unknown>> | null;
  readonly usageJson?: Readonly<Record<string, unknown>> | null;
}

/** Words of the host for a run that is over. */
export const over: ReadonlySet<string> = new Set(["succeeded", "failed", "cancelled", "timed_out", "interrupted"]);

/** The adapter, as this checkout has built it. */
const packageName = fileURLToPath(new URL("../../adapter", import.meta.url)).replace(/\/$/, "");

export interface AgentOptions {
  readonly config?: Readonly<Record<string, unknown>>;
  readonly heartbeat?: Readonly<Record<string, unknown>>;
}

export class Office {
  readonly stage: Stage;
  readonly server: PaperclipServer;
  readonly directory: string;
  readonly #database: Database;
  readonly #relay: Relay;
  #another: PaperclipServer | undefined;
  #api = "";
  #company = "";

  private constructor(parts: {
    stage: Stage;
    server: PaperclipServer;
    directory: string;
    database: Database;
    relay: Relay;
  }) {
    this.stage = parts.stage;
    this.server = parts.server;
    this.directory = parts.directory;
    this.#database = parts.database;
    this.#relay = parts.relay;
  }

  /** A new server with an empty database, the adapter installed, one company. */
  static async open(story: string): Promise<Office> {
    const stage = await Stage.open(story);
    const directory = mkdtempSync(join(tmpdir(), "paperclip-"));
    // The database's user has to pass through.
    chmodSync(directory, 0o711);
    const database = await Database.open(directory);
    const port = await freePort();
    const node = await kubectl([
      "get",
      "nodes",
      "-o",
      'jsonpath={.items[0].status.addresses[?(@.type=="InternalIP")].address}',
    ]);
    const relay = await Relay.open(node, port);
    const server = new PaperclipServer({ directory, databaseUrl: database.url, port, podUrl: relay.url });
    const office = new Office({ stage, server, directory, database, relay });
    try {
      await office.#found();
      return office;
    } catch (error) {
      await office.close();
      throw error;
    }
  }

  /** The port on the loopback address at which page and API are. */
  get port(): number {
    return Number(new URL(this.server.url).port);
  }

  /** A second server on the same database, with a home of its own. */
  async startAnother(): Promise<void> {
    const directory = join(this.directory, "another");
    mkdirSync(directory);
    copyFileSync(this.#kubeconfig, join(directory, "kubeconfig"));
    const [port, podUrl] = [await freePort(), this.#relay.url];
    this.#another = new PaperclipServer({ directory, databaseUrl: this.#database.url, port, podUrl });
    await this.#another.start();
    await this.#another.post("/api/adapters/install", { packageName, isLocalPath: true });
  }

  async close(): Promise<void> {
    await this.#another?.stop();
    await this.server.stop();
    this.#relay.close();
    await this.#database.close();
    rmSync(this.directory, { recursive: true, force: true });
    await this.stage.close();
  }

  /** An agent of the adapter; returns its id. */
  async agent(name: string, { config = {}, heartbeat = {} }: AgentOptions = {}): Promise<string> {
    const { id } = await this.server.post<{ id: string }>(`/api/companies/${this.#company}/agents`, {
      name,
      role: "engineer",
      adapterType: "claude_k8s",
      adapterConfig: {
        namespace: this.stage.namespace,
        kubeconfig: "kubeconfig",
        credentialsSecretName: "anthropic",
        graceSec: 5,
        ...config,
        env: { ANTHROPIC_BASE_URL: `http://${this.#api}`, ...(config["env"] as object | undefined) },
      },
      instructionsBundle: { files: { "AGENTS.md": "Do as you are told." } },
      runtimeConfig: { heartbeat: { enabled: false, ...heartbeat } },
    });
    return id;
  }

  /** Creates and assigns an issue, so that the agent wakes. It scripts the fake API's answer. Returns its id. */
  async issue(agentId: string, turns: readonly Turn[], title = `Task ${randomUUID()}`): Promise<string> {
    const { id } = await this.server.post<{ id: string }>(`/api/companies/${this.#company}/issues`, {
      // The host takes two issues of one title for one.
      title,
      description: scripted(turns),
      assigneeAgentId: agentId,
      status: "todo",
    });
    return id;
  }

  /** A comment of the board's, which wakes the agent with new turns to play. */
  async comment(issueId: string, turns: readonly Turn[]): Promise<void> {
    await this.server.post(`/api/issues/${issueId}/comments`, { body: scripted(turns) });
  }

  /** Cancels a run as the web page does; throws if the host could not see it end. */
  async cancel(runId: string): Promise<void> {
    await this.server.post(`/api/heartbeat-runs/${runId}/cancel`);
  }

  /** The issue's runs, oldest first. */
  async runsOf(issueId: string): Promise<HostRun[]> {
    const runs = await this.server.get<{ runId: string; createdAt: string }[]>(`/api/issues/${issueId}/runs`);
    const sorted = runs.toSorted((a, b) => a.createdAt.localeCompare(b.createdAt));
    return Promise.all(sorted.map(({ runId }) => this.run(runId)));
  }

  /** The issue's n-th run (from 0), once it exists. */
  async nth(issueId: string, n = 0, seconds = 30): Promise<HostRun> {
    return eventually(`run ${n} of the issue`, async () => (await this.runsOf(issueId))[n], seconds * 1_000);
  }

  run(id: string): Promise<HostRun> {
    return this.server.get(`/api/heartbeat-runs/${id}`);
  }

  /** Waits until the host says that the run is over. */
  async ended(id: string, seconds = 120): Promise<HostRun> {
    return eventually(
      `run ${id} is over for the host`,
      async () => {
        const run = await this.run(id);
        return over.has(run.status) ? run : undefined;
      },
      seconds * 1_000,
    );
  }

  /** The run's stdout or stderr. */
  async output(id: string, stream: "stdout" | "stderr"): Promise<string> {
    const chunks = await transcriptOf(this.server, id);
    return chunks
      .filter((each) => each.stream === stream)
      .map(({ chunk }) => chunk)
      .join("");
  }

  /** The ClaudeRuns that were made for a run of the host. */
  async claudeRuns(runId: string): Promise<ClaudeRun[]> {
    const list = await this.stage.kubectl("get", "clauderuns", "-l", `paperclip.io/run-id=${runId}`, "-o", "json");
    return (JSON.parse(list) as { items: ClaudeRun[] }).items;
  }

  /** The one ClaudeRun of a run of the host, once it has finished: the host may know it a second earlier. */
  async finished(runId: string): Promise<ClaudeRun> {
    const [run, ...others] = await this.claudeRuns(runId);
    if (run === undefined || others.length > 0) throw new Error(`${1 + others.length} ClaudeRuns of run ${runId}`);
    return this.stage.ended(run.metadata.name);
  }

  /** The one ClaudeRun of a run of the host, once its phase is this one. */
  async inPhase(runId: string, phase: NonNullable<ClaudeRun["status"]>["phase"], seconds = 60): Promise<ClaudeRun> {
    return eventually(
      `the ClaudeRun of ${runId} is ${phase ?? "new"}`,
      async () => (await this.claudeRuns(runId)).find(({ status }) => status?.phase === phase),
      seconds * 1_000,
    );
  }

  get #kubeconfig(): string {
    return join(this.directory, "kubeconfig");
  }

  async #found(): Promise<void> {
    await this.#grant();
    await this.server.start();
    this.#api = await kubectl(["get", "-n", "fake-api", "service/fake-api", "-o", "jsonpath={.spec.clusterIP}"]);
    await this.server.post("/api/adapters/install", { packageName, isLocalPath: true });
    this.#company = (await this.server.post<{ id: string }>("/api/companies", { name: "Acme" })).id;
  }

  /** A ServiceAccount with the chart's role for a Paperclip server in the namespace of the runs: no other right. */
  async #grant(): Promise<void> {
    await this.stage.kubectl("create", "serviceaccount", "paperclip");
    const account = `--serviceaccount=${this.stage.namespace}:paperclip`;
    await this.stage.kubectl("create", "rolebinding", "paperclip", `--clusterrole=${release}-paperclip`, account);
    const token = (await this.stage.kubectl("create", "token", "paperclip", "--duration=4h")).trim();
    const config = JSON.parse(await kubectl(["config", "view", "--raw", "--minify", "--flatten", "-o", "json"])) as {
      users: { user: object }[];
    };
    for (const each of config.users) each.user = { token };
    writeFileSync(this.#kubeconfig, JSON.stringify(config), { mode: 0o600 });
  }
}

/** Words that make the fake API play these turns. */
function scripted(turns: readonly Turn[]): string {
  return `Do as you are told. @fake ${JSON.stringify(turns)}`;
}
