/**
 * Sees a namespace from outside: watches through kubectl, on connections of their own and resumed where they broke off, and
 * containerd's own events. What it has seen is a trace.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { group, plural, version } from "../../crds/names.ts";
import { containerName } from "../../operator/names.ts";
import { kubectl } from "../cluster/kubectl.ts";
import { readChange, type Container, type RawObject, type Seen, type Trace } from "./trace.ts";
import { isOver } from "./violations.ts";

const cluster = fileURLToPath(new URL("../cluster/cluster", import.meta.url));
const prefix = "io.kubernetes.cri.";

interface WatchEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: RawObject & { readonly message?: string };
}

interface ContainerEvent {
  readonly container_id: string;
  readonly id?: string;
  readonly exit_status?: number;
  readonly exited_at?: string;
}

export class TraceRecorder {
  readonly #namespace: string;
  readonly #seen: Seen[] = [];
  readonly #last = new Map<string, Seen>();
  readonly #containers = new Map<string, Container>();
  /** Which pod a container is of, known from its creation. */
  readonly #podOf = new Map<string, string>();
  readonly #children = new Set<ChildProcess>();
  #created: string | undefined;
  #isClosed = false;
  /** What ended the witness: its trace would have a hole. */
  #broken: Error | undefined;
  /** How often a watch broke off and was resumed. */
  resumed = 0;
  /** How often it could not be resumed where it was: changes in between were not seen, only what came of them. */
  relisted = 0;

  private constructor(namespace: string) {
    this.#namespace = namespace;
  }

  /** Watches from the namespace's first object on; resolves once containerd is heard too. */
  static async open(namespace: string): Promise<TraceRecorder> {
    const recorder = new TraceRecorder(namespace);
    const collections = [
      ["run", `/apis/${group}/${version}/namespaces/${namespace}/${plural}`],
      ["pod", `/api/v1/namespaces/${namespace}/pods`],
      ["job", `/apis/batch/v1/namespaces/${namespace}/jobs`],
    ] as const;
    const versions = await Promise.all(collections.map(([, path]) => newest(path)));
    recorder.#followContainers();
    for (const [index, [what, path]] of collections.entries()) {
      void recorder.#follow({ what, path, from: versions[index] ?? "" });
    }
    return recorder;
  }

  /** Objects of a kind as they were last shown; those that are gone are left out. */
  now<What extends Seen["what"]>(what: What): Extract<Seen, { what: What }>[] {
    const isOne = (each: Seen): each is Extract<Seen, { what: What }> => each.what === what && !each.gone;
    return [...this.#last.values()].filter(isOne);
  }

  /** Everything so far; throws if something may have been missed. */
  trace(users: Pick<Trace, "accepted" | "deleted" | "acts">): Trace {
    if (this.#broken !== undefined) throw this.#broken;
    return { ...users, seen: this.#seen, containers: [...this.#containers.values()] };
  }

  close(): void {
    this.#isClosed = true;
    for (const { pid } of this.#children) if (pid !== undefined) process.kill(-pid, "SIGKILL");
  }

  async #follow({ what, path, from }: { what: Seen["what"]; path: string; from: string }): Promise<void> {
    let version: string | undefined = from;
    while (!this.#isClosed) {
      // The API server may be away for a moment.
      version ??= await this.#list(what, path).catch(() => undefined);
      if (version !== undefined) version = await this.#watch(what, { path, version });
      this.resumed += 1;
      await wait(1_000);
    }
  }

  /** Follows a watch until it breaks off; returns where to go on, or undefined if the API server has forgotten what was there. */
  async #watch(what: Seen["what"], from: { path: string; version: string }): Promise<string | undefined> {
    let { version } = from;
    const query = `watch=true&allowWatchBookmarks=true&timeoutSeconds=3600&resourceVersion=${version}`;
    for await (const line of this.#lines("kubectl", ["get", "--raw", `${from.path}?${query}`])) {
      const event = readEvent(line);
      if (event === undefined) break;
      if (event.type === "ERROR") return undefined;
      version = event.object.metadata.resourceVersion;
      if (event.type !== "BOOKMARK") this.#take(readChange(what, event.object, event.type === "DELETED"));
    }
    return version;
  }

  /** An API server that was restarted remembers no changes from before: what is there now stands for them. */
  async #list(what: Seen["what"], path: string): Promise<string> {
    const list = JSON.parse(await kubectl(["get", "--raw", path])) as RawObject & { readonly items: RawObject[] };
    this.relisted += 1;
    const there = new Set(list.items.map(({ metadata }) => metadata.uid));
    // The order of changes before the list is unknown: ends count first, or a successor would seem to overlap.
    for (const gone of this.now(what)) if (!there.has(gone.uid)) this.#take({ ...gone, gone: true });
    const changes = list.items.map((item) => readChange(what, item, false));
    const hasEnded = (change: Seen): boolean => change.what === "pod" && isOver(change);
    for (const change of changes.toSorted((a, b) => Number(hasEnded(b)) - Number(hasEnded(a)))) this.#take(change);
    return list.metadata.resourceVersion;
  }

  #take(change: Seen): void {
    this.#seen.push(change);
    this.#last.set(change.uid, change);
  }

  #followContainers(): void {
    const follow = async (): Promise<void> => {
      for await (const line of this.#lines(cluster, ["events"])) this.#hear(line);
      if (!this.#isClosed) throw new Error("containerd's events ended");
    };
    void follow().catch((error: unknown) => {
      this.#broken ??= error as Error;
    });
  }

  #hear(line: string): void {
    if (line.startsWith("{")) {
      this.#learn((JSON.parse(line) as { annotations?: Record<string, string> }).annotations ?? {});
      return;
    }
    const [, date = "", time = "", topic = "", json = ""] = /^(\S+) (\S+) \S+ \S+ \S+ (\S+) (\{.*)$/.exec(line) ?? [];
    if (!topic.startsWith("/tasks/")) return;
    const event = JSON.parse(json) as ContainerEvent;
    if (topic === "/tasks/create") this.#created = event.container_id;
    if (topic === "/tasks/start") this.#start(event.container_id, microseconds(`${date}T${time}Z`));
    if (topic === "/tasks/exit" && (event.id ?? event.container_id) === event.container_id) this.#exit(event);
  }

  /** The line after a creation says of which pod it is. */
  #learn(annotations: Readonly<Record<string, string>>): void {
    const isOurs = annotations[`${prefix}sandbox-namespace`] === this.#namespace;
    if (isOurs && annotations[`${prefix}container-name`] === containerName && this.#created !== undefined)
      this.#podOf.set(this.#created, annotations[`${prefix}sandbox-uid`] ?? "");
  }

  #start(id: string, startedUs: number): void {
    const podUid = this.#podOf.get(id);
    if (podUid !== undefined) this.#containers.set(id, { id, podUid, startedUs });
  }

  #exit({ container_id: id, exit_status: exitCode = 0, exited_at: at = "" }: ContainerEvent): void {
    const container = this.#containers.get(id);
    if (container !== undefined) this.#containers.set(id, { ...container, exitedUs: microseconds(at), exitCode });
  }

  async *#lines(file: string, args: readonly string[]): AsyncGenerator<string> {
    // A group of its own: what it starts in turn ends with it.
    const child = spawn(file, args, { stdio: ["ignore", "pipe", "ignore"], detached: true });
    this.#children.add(child);
    try {
      for await (const line of createInterface({ input: child.stdout })) yield line;
    } finally {
      this.#children.delete(child);
      if (child.exitCode === null && child.signalCode === null && child.pid !== undefined)
        process.kill(-child.pid, "SIGKILL");
    }
  }
}

/** The version of a collection as it is, before the story's first object. */
async function newest(path: string): Promise<string> {
  return (JSON.parse(await kubectl(["get", "--raw", path])) as RawObject).metadata.resourceVersion;
}

/** A line that was cut off is no event. */
function readEvent(line: string): WatchEvent | undefined {
  try {
    return JSON.parse(line) as WatchEvent;
  } catch {
    return undefined;
  }
}

/** RFC 3339 with up to nine digits after the second. */
function microseconds(time: string): number {
  const [, seconds = "", fraction = ""] = /^([^.]*)(?:\.(\d+))?Z$/.exec(time) ?? [];
  return Date.parse(`${seconds}Z`) * 1_000 + Number(fraction.padEnd(6, "0").slice(0, 6));
}
