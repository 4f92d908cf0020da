/** What lies between operators and API server breaks, and parts of the cluster are restarted or freeze, again and again, by a seed. */
import { execFile } from "node:child_process";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { AnswerFault, AnswerProxy } from "./answer-proxy.ts";
import type { ConnectionFault, ConnectionProxy } from "./connection-proxy.ts";
import { pause, type Chaos } from "./chaos.ts";

const execute = promisify(execFile);
const cluster = fileURLToPath(new URL("../cluster/cluster", import.meta.url));

export async function component(verb: "restart" | "freeze" | "thaw", name: string): Promise<void> {
  await execute(cluster, [verb, name], { timeout: 120_000 });
}

export async function frozen(name: string, seconds: number): Promise<void> {
  await component("freeze", name);
  await wait(seconds * 1_000).finally(() => component("thaw", name));
}

/** The two ways to the API server: one operator speaks its own TLS to it, the other to a proxy that answers wrongly. */
export interface Wires {
  readonly connections: ConnectionProxy;
  readonly answers: AnswerProxy;
}

const connectionFaults: readonly ConnectionFault[] = ["reset", "hang", "halfOpen"];
const answerFaults: readonly AnswerFault[] = [429, 500, 503, "hang", "truncated", "gone"];

/** Every few seconds one of the two wires has one of its faults for 1 to 8 s. Both are whole at the end. */
export async function wires({ connections, answers }: Wires, { random, signal, tally }: Chaos): Promise<void> {
  while (!signal.aborted) {
    await pause(3_000 + random.below(9_000), signal);
    if (random.chance(0.5)) connections.break(random.pick(connectionFaults) ?? "reset");
    else answers.break(random.pick(answerFaults) ?? 500);
    tally.wireFaults += 1;
    await pause(1_000 + random.below(7_000), signal);
    connections.heal();
    answers.heal();
  }
}

const parts = ["kube-apiserver", "etcd", "kubelet"];

/** About once a minute a part of the cluster is restarted, or frozen for 2 to 12 s. All run at the end. */
export async function accidents({ random, signal, tally }: Chaos): Promise<void> {
  for (;;) {
    await pause(30_000 + random.below(45_000), signal);
    if (signal.aborted) return;
    const part = random.pick(parts) ?? "etcd";
    if (random.chance(0.5)) await component("restart", part);
    else await frozen(part, 2 + random.below(10));
    tally.accidents += 1;
  }
}
