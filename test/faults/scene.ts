/**
 * A namespace of a story's own, with a stub in claude's place: a shell script that sleeps, between the init event and a result.
 * The faults aim at the slot, so that everything around it is real: Jobs, pods, containers, the runner.
 */
import { setTimeout as wait } from "node:timers/promises";
import { apiVersion, group, kind, plural, version } from "../../crds/names.ts";
import type { ClaudeRunInput } from "../../crds/claude-run.ts";
import { Client } from "../../bench/client.ts";
import { kubectl } from "../cluster/kubectl.ts";
import { isUnfinished } from "./violations.ts";
import type { Trace } from "./trace.ts";
import { TraceRecorder } from "./trace-recorder.ts";

const stub = `#!/bin/sh
cat >/dev/null
echo '{"type":"system","subtype":"init","session_id":"00000000-0000-4000-8000-000000000000"}'
sleep "$STUB_SECONDS"
echo '{"type":"result","subtype":"success","is_error":false,"num_turns":1,"result":"done","session_id":"00000000-0000-4000-8000-000000000000"}'
`;

export interface NewRun {
  readonly name: string;
  readonly agent: string;
  readonly lastsSeconds: number;
  readonly spec?: Partial<ClaudeRunInput["spec"]>;
}

let opened = 0;

export class Scene {
  readonly namespace: string;
  readonly client: Client;
  readonly recorder: TraceRecorder;
  readonly accepted = new Set<string>();
  readonly deleted = new Set<string>();
  readonly acts = {
    lookAlikes: new Set<string>(),
    suspendedJobs: new Set<string>(),
    changedConfigMaps: new Set<string>(),
  } satisfies Trace["acts"];

  private constructor(namespace: string, client: Client, recorder: TraceRecorder) {
    this.namespace = namespace;
    this.client = client;
    this.recorder = recorder;
  }

  static async open(story: string): Promise<Scene> {
    opened += 1;
    const namespace = `${story}-${process.pid}-${opened}`;
    const items = [
      { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
      { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "stub", namespace }, data: { claude: stub } },
    ];
    const apply = ["apply", "--server-side", "-f", "-"];
    for (const item of items) await insist(() => kubectl(apply, item));
    const recorder = await insist(() => TraceRecorder.open(namespace));
    return new Scene(namespace, await Client.open(), recorder);
  }

  /** Gives pods back whose operator is gone, as an uninstall has to, and removes the namespace. */
  async close(): Promise<void> {
    this.recorder.close();
    await this.client.close();
    const args = ["-n", this.namespace];
    await insist(() => kubectl(["delete", "namespace", this.namespace, "--wait=false", "--ignore-not-found"]));
    const pods = await insist(() => kubectl([...args, "get", "pods", "-o", "name"]));
    if (pods === "") return;
    const given = JSON.stringify({ metadata: { finalizers: null } });
    await kubectl([...args, "patch", ...pods.trim().split("\n"), "--type=merge", "-p", given]).catch(() => "some went");
  }

  path(what: "run" | "pod" | "job" | "configMap", name = ""): string {
    const base = { run: `apis/${group}/${version}`, pod: "api/v1", configMap: "api/v1", job: "apis/batch/v1" }[what];
    const collection = { run: plural, pod: "pods", configMap: "configmaps", job: "jobs" }[what];
    return `/${base}/namespaces/${this.namespace}/${collection}${name === "" ? "" : `/${name}`}`;
  }

  /** Creates a run, again and again until the API server has confirmed it: it may be away for a while. */
  async create(run: NewRun, deadlineMs = 120_000): Promise<void> {
    const giveUpMs = Date.now() + deadlineMs;
    for (;;) {
      try {
        const made = (await this.client.request("POST", this.path("run"), this.#object(run))) as Created;
        this.accepted.add(made.metadata.uid);
        return;
      } catch (error) {
        // The answer to an earlier try was lost: it had been accepted.
        if (String(error).includes(": 409 ")) return this.#acceptedBefore(run.name);
        if (Date.now() > giveUpMs) throw error;
        await wait(100);
      }
    }
  }

  trace(): Trace {
    return this.recorder.trace(this);
  }

  /** Accepted runs that have neither ended nor been deleted. */
  unfinished(): number {
    const shown = new Map(this.recorder.now("run").map((run) => [run.uid, run]));
    return [...this.accepted].filter((uid) => {
      const run = shown.get(uid);
      return run === undefined ? !this.deleted.has(uid) : isUnfinished(run);
    }).length;
  }

  async #acceptedBefore(name: string): Promise<void> {
    const found = (await this.client.request("GET", this.path("run", name)).catch(() => undefined)) as
      Created | undefined;
    if (found !== undefined) this.accepted.add(found.metadata.uid);
  }

  #object({ name, agent, lastsSeconds, spec = {} }: NewRun): ClaudeRunInput {
    return {
      apiVersion,
      kind,
      metadata: { name, namespace: this.namespace },
      spec: {
        agent,
        prompt: "Sleep.",
        terminationGracePeriodSeconds: 2,
        ...spec,
        pod: {
          env: [
            { name: "PATH", value: "/stub:/usr/local/bin:/usr/bin:/bin" },
            { name: "STUB_SECONDS", value: String(lastsSeconds) },
          ],
          volumes: [{ name: "stub", configMap: { name: "stub", defaultMode: 0o555 } }],
          volumeMounts: [{ name: "stub", mountPath: "/stub", readOnly: true }],
        },
      },
    };
  }
}

/** Another story may just have restarted the API server: the scene is set all the same. */
async function insist<T>(ask: () => Promise<T>): Promise<T> {
  const giveUpMs = Date.now() + 120_000;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (Date.now() > giveUpMs) throw error;
      await wait(500);
    }
  }
}

interface Created {
  readonly metadata: { readonly uid: string };
}
