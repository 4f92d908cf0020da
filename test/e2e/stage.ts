/**
 * A namespace of a test's own on the real cluster, and the few verbs the stories are told in. Everything is asserted
 * through what kubectl shows; waiting is always for a condition, with a deadline.
 */
import { expect } from "vitest";
import type { ClaudeRun, ClaudeRunInput } from "../../crds/claude-run.ts";
import { failureReasons, type FailureReason } from "../../crds/reasons.ts";
import { kubectl } from "../cluster/kubectl.ts";
import { eventually } from "../eventually.ts";

/** A turn of the fake Messages API: what it answers. */
export interface Turn {
  readonly text?: string;
  readonly tool?: string;
  readonly input?: Readonly<Record<string, unknown>>;
  readonly delayMs?: number;
  readonly hang?: boolean;
  /** No answer the first `times` times, then the next turn's. */
  readonly stall?: "headers";
  readonly times?: number;
}

/** Fields of a run's spec. */
export type Spec = Partial<ClaudeRunInput["spec"]>;

/** What a pod shows, as far as the tests ask. */
export interface ShownPod {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly finalizers?: readonly string[];
    readonly deletionTimestamp?: string;
  };
  readonly spec: { readonly schedulingGates?: readonly unknown[] };
  readonly status: {
    readonly phase: string;
    readonly containerStatuses?: readonly {
      readonly state: { readonly terminated?: { readonly startedAt?: string }; readonly running?: object };
    }[];
  };
}

const restricted = "pod-security.kubernetes.io/enforce=restricted";

export class Stage {
  readonly namespace: string;
  readonly #api: string;

  private constructor(namespace: string, api: string) {
    this.namespace = namespace;
    this.#api = api;
  }

  /** A new namespace that enforces Pod Security restricted, with the fake API's key and address in a Secret. */
  static async open(story: string): Promise<Stage> {
    const namespace = `${story}-${process.pid}`;
    const api = await kubectl(["get", "-n", "fake-api", "service/fake-api", "-o", "jsonpath={.spec.clusterIP}"]);
    await kubectl(["create", "namespace", namespace]);
    await kubectl(["label", "namespace", namespace, restricted]);
    const stage = new Stage(namespace, api);
    const account = [
      "--from-literal=ANTHROPIC_API_KEY=sk-test-not-real",
      `--from-literal=ANTHROPIC_BASE_URL=http://${api}`,
    ];
    await stage.kubectl("create", "secret", "generic", "anthropic", ...account);
    return stage;
  }

  async close(): Promise<void> {
    await kubectl(["delete", "namespace", this.namespace, "--wait=false", "--ignore-not-found"]);
  }

  kubectl(...args: string[]): Promise<string> {
    return kubectl(["-n", this.namespace, ...args]);
  }

  /** A run whose conversation is scripted: each turn is what the fake API answers next. */
  run(name: string, turns: readonly Turn[], spec: Spec = {}): ClaudeRunInput {
    const prompt = spec.promptFrom === undefined ? { prompt: `Do as you are told @fake ${JSON.stringify(turns)}` } : {};
    return {
      apiVersion: "paperclip.io/v1alpha1",
      kind: "ClaudeRun",
      metadata: { name, namespace: this.namespace },
      spec: {
        agent: name,
        ...prompt,
        credentialsSecretName: "anthropic",
        ...spec,
        claude: { allowedTools: ["Bash"], ...spec.claude },
        pod: {
          ...spec.pod,
          env: [{ name: "ANTHROPIC_BASE_URL", value: `http://${this.#api}` }, ...(spec.pod?.env ?? [])],
        },
      },
    };
  }

  async create(...runs: readonly unknown[]): Promise<void> {
    await kubectl(["create", "-f", "-"], { apiVersion: "v1", kind: "List", items: runs });
  }

  /** What the API server says to a run that it should refuse. */
  async rejection(run: unknown): Promise<string> {
    try {
      await kubectl(["create", "--validate=strict", "-f", "-"], run);
    } catch (error) {
      return (error as { stderr?: string }).stderr ?? String(error);
    }
    throw new Error("the API server took what it should have refused");
  }

  /** Waits until the run has ended either way, and returns it; what every ended run has to show is checked. */
  async ended(name: string, timeoutSeconds = 300): Promise<ClaudeRun> {
    await this.kubectl("wait", "--for=condition=Finished", `clauderun/${name}`, `--timeout=${timeoutSeconds}s`);
    const run = await this.get(name);
    checkEnd(run);
    return run;
  }

  /** Waits until the run's `Succeeded` condition has this reason. */
  async shows(name: string, reason: string, timeoutSeconds = 240): Promise<ClaudeRun> {
    const path = '{.status.conditions[?(@.type=="Succeeded")].reason}';
    await this.kubectl("wait", `--for=jsonpath=${path}=${reason}`, `clauderun/${name}`, `--timeout=${timeoutSeconds}s`);
    return this.get(name);
  }

  /** Waits until the run's `Succeeded` condition quotes these words. */
  async told(name: string, words: string, timeoutSeconds = 240): Promise<ClaudeRun> {
    let run = await this.get(name);
    const says = async (): Promise<boolean> => {
      run = await this.get(name);
      return verdict(run).message.includes(words);
    };
    await this.until(`run ${name} says ${words}`, says, timeoutSeconds);
    return run;
  }

  async get(name: string): Promise<ClaudeRun> {
    return JSON.parse(await this.kubectl("get", "clauderun", name, "-o", "json")) as ClaudeRun;
  }

  async change(name: string, spec: Spec): Promise<void> {
    await this.kubectl("patch", "clauderun", name, "--type=merge", "-p", JSON.stringify({ spec }));
  }

  /** As the eviction API is asked, which a drain does: through the pod's subresource. */
  async evict(pod: string): Promise<void> {
    const path = `/api/v1/namespaces/${this.namespace}/pods/${pod}/eviction`;
    const metadata = { name: pod, namespace: this.namespace };
    await kubectl(["create", "--raw", path, "-f", "-"], { apiVersion: "policy/v1", kind: "Eviction", metadata });
  }

  async pods(run: string): Promise<ShownPod[]> {
    const list = await this.kubectl("get", "pods", "-l", `paperclip.io/run=${run}`, "-o", "json");
    return (JSON.parse(list) as { items: ShownPod[] }).items;
  }

  /** Waits until a question is answered with yes; the deadline is generous, the questions are cheap. */
  async until(what: string, ask: () => Promise<boolean>, timeoutSeconds = 240): Promise<void> {
    await eventually(what, ask, timeoutSeconds * 1_000);
  }
}

/** Puts what a ConfigMap has under the key `claude` in the CLI's place. */
export function claudeFrom(configMap: string): NonNullable<Spec["pod"]> {
  return {
    volumes: [{ name: "stub", configMap: { name: configMap, defaultMode: 0o755 } }],
    volumeMounts: [{ name: "stub", mountPath: "/stub" }],
    env: [{ name: "PATH", value: "/stub:/usr/local/bin:/usr/bin:/bin" }],
  };
}

/** With these the pod was gone, or nobody could ask it, when the run ended. */
const withoutItsPod = ["PodDeleted", "JobLost", "NodeLost", "Evicted", "Preempted"];

/** A failure names the next step; the pod of a run that had started is mirrored, end and all. */
function checkEnd(run: ClaudeRun): void {
  const { failure, pod, conditions } = run.status ?? {};
  // Whoever edits a status has it as they wrote it.
  if (conditions?.some(({ reason }) => reason === "StatusEdited") === true) return;
  const { reason = "", message } = verdict(run);
  if (failure !== undefined) {
    expect(failure.reason).toBe(reason);
    expect(failure.message).toBe(message);
    expect(message).toContain(failureReasons[failure.reason as FailureReason].whatToDo);
  }
  const hasStarted = conditions?.some(({ type, status }) => type === "Started" && status === "True") === true;
  if (!hasStarted || withoutItsPod.includes(reason)) return;
  const some = expect.stringMatching(/./) as string;
  expect(pod).toMatchObject({ name: some, uid: some, node: some });
  expect(["Succeeded", "Failed"], `pod of ${run.metadata.name}`).toContain(pod?.phase);
}

export function verdict(run: ClaudeRun): { reason: string | undefined; message: string } {
  const condition = run.status?.conditions?.find(({ type }) => type === "Succeeded");
  return { reason: condition?.reason, message: condition?.message ?? "" };
}
