/** What the watches have shown of runs, Jobs and pods, by agent; and which changes wake which agents. */
import type { ClaudeRun } from "../../crds/claude-run.ts";
import { agentKey, hasEnded, type AgentKey, type Job, type Pod, type Run, type SpecDefaults } from "../domain.ts";
import type { Log } from "../log.ts";
import { managedSelector } from "../names.ts";
import type { PodDefaults } from "../plan/job.ts";
import type { Lane } from "../queue.ts";
import { parsePod, readPod, type CachedPod } from "./parse-pod.ts";
import { parseJob, parseRun } from "./parse.ts";
import { collection } from "./paths.ts";
import { Reflector } from "./reflector.ts";
import { Store, type OnChange } from "./store.ts";
import type { Transport } from "./transport.ts";

export interface CachesOptions {
  readonly transport: Transport;
  readonly log: Log;
  /** Only these namespaces; empty: all. */
  readonly namespaces: readonly string[];
  readonly defaults?: Pick<PodDefaults, "spec">;
  /** Something of the agent changed: a result waits to be recorded, a run is new, anything else; later: no hurry at all. */
  readonly wake: (agent: AgentKey, lane: Lane | "later") => void;
}

/** What the controller does with a reflector. */
export type Watch = Omit<Reflector<Run>, "#private">;

/** At most so many runs, with prompts of so many characters, are held back whole: some 40 MB at the worst. */
const freshRuns = 2_000;
const freshPromptLength = 8_192;
/** Pods that are gone and whose runs do not say so yet. */
const rememberedGone = 20_000;

export class Caches {
  readonly runs: Store<Run>;
  readonly jobs: Store<Job>;
  readonly pods: Store<CachedPod>;
  readonly watches: readonly Watch[];
  readonly #fresh = new Map<string, object>();
  readonly #gonePods = new Set<string>();
  readonly #wake: CachesOptions["wake"];
  readonly #specDefaults: SpecDefaults | undefined;

  constructor({ transport, log, namespaces, wake, defaults }: CachesOptions) {
    this.#wake = wake;
    this.#specDefaults = defaults?.spec;
    const ofRun = ({ spec }: Run): string => spec.agent;
    const ofMade = ({ agent }: Job | Pod): string => agent;
    this.runs = new Store<Run>(
      ofRun,
      waking(ofRun, wake, ({ status }) => (status.phase === undefined ? "new" : "rest")),
    );
    this.jobs = new Store<Job>(ofMade, (change) => {
      if (isNews(change)) waking<Job>(ofMade, wake, () => "rest")(change);
    });
    this.pods = new Store<CachedPod>(
      ofMade,
      waking<CachedPod>(ofMade, wake, (pod) => (pod.held && hasEnded(pod) ? "end" : "rest")),
    );
    const everywhere = [undefined];
    const ours = { transport, log, labelSelector: managedSelector };
    const { runs, jobs, pods } = this;
    const podGone = (object: unknown): void => {
      this.#podGone(object);
    };
    this.watches = (namespaces.length === 0 ? everywhere : namespaces).flatMap((namespace) => {
      const at = (kind: "run" | "job" | "pod") => ({ namespace, path: collection(kind, namespace) });
      return [
        new Reflector({ ...at("run"), transport, log, parse: (object) => this.#holdRun(object), store: runs }),
        new Reflector({ ...at("job"), ...ours, parse: parseJob, store: jobs }),
        new Reflector({ ...at("pod"), ...ours, parse: parsePod, store: pods, onDeleted: podGone }),
      ];
    });
  }

  /** A run that was not admitted yet, as the watch brought it; undefined if it is too large, or too long ago to be at hand. */
  fresh(uid: string): object | undefined {
    return this.#fresh.get(uid);
  }

  forgetFresh(uid: string): void {
    this.#fresh.delete(uid);
  }

  /** Uids of pods that went although a run names them; bounded, as nothing but a condition depends on it. */
  get gonePods(): ReadonlySet<string> {
    return this.#gonePods;
  }

  /** The run says now that its log is gone. */
  forgetGonePod(uid: string | undefined): void {
    if (uid !== undefined) this.#gonePods.delete(uid);
  }

  /** Finished pods are not kept, but whose they were stands on them. */
  #podGone(object: unknown): void {
    const pod = readPod(object);
    const run = pod === undefined ? undefined : this.runs.get(pod.runUid);
    if (pod === undefined || run === undefined || run.status.pod?.uid !== pod.uid) return;
    const [oldest] = this.#gonePods;
    if (oldest !== undefined && this.#gonePods.size >= rememberedGone) this.#gonePods.delete(oldest);
    this.#gonePods.add(pod.uid);
    this.#wake(agentKey(run.namespace, run.spec.agent), "later");
  }

  /** A run as the domain knows it. */
  readRun(object: unknown): Run | undefined {
    return parseRun(object, this.#specDefaults);
  }

  /** A run that waits is to be made a Job and a ConfigMap of: its spec is held back, within bounds. */
  #holdRun(object: unknown): Run | undefined {
    const run = this.readRun(object);
    if (run === undefined) return undefined;
    this.#fresh.delete(run.uid);
    const { prompt = "" } = (object as ClaudeRun).spec;
    if ((run.status.phase ?? "Queued") !== "Queued" || prompt.length > freshPromptLength) return run;
    const [oldest] = this.#fresh.keys();
    if (oldest !== undefined && this.#fresh.size >= freshRuns) this.#fresh.delete(oldest);
    this.#fresh.set(run.uid, object as object);
    return run;
  }

  /** Every agent of which anything is known. */
  agents(): ReadonlySet<AgentKey> {
    return new Set([...this.runs.agents(), ...this.jobs.agents(), ...this.pods.agents()]);
  }
}

/** The Job controller's bookkeeping is none of our business: a Job is news when it comes, goes or ends. */
function isNews({ before, after }: Parameters<OnChange<Job>>[0]): boolean {
  return before?.deleting !== after?.deleting || before?.finished !== after?.finished;
}

/** Wakes the agent that an object belongs to; both, if its label was changed from one to another. */
function waking<T extends { readonly namespace: string }>(
  agentOf: (object: T) => string,
  wake: CachesOptions["wake"],
  laneOf: (object: T) => Lane,
): OnChange<T> {
  return ({ before, after }) => {
    const key = (object: T): AgentKey => agentKey(object.namespace, agentOf(object));
    if (after !== undefined) wake(key(after), laneOf(after));
    if (before !== undefined && (after === undefined || key(before) !== key(after))) wake(key(before), "rest");
  };
}
