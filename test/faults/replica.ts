/**
 * One operator process from the source, without an election, disturbed as its first argument (JSON) says. The real
 * parts: its own watches and caches, requests, queue and decisions.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { composeController } from "../../operator/compose.ts";
import { alwaysHeld } from "../../operator/election.ts";
import { loadAccess } from "../../kube/access.ts";
import { Transport } from "../../operator/kubernetes/transport.ts";
import { createLog } from "../../operator/log.ts";
import { Metrics } from "../../operator/metrics/metrics.ts";
import { agentImage } from "../install.ts";
import { Random } from "../simulation/random.ts";
import { disturbed, type Disturbance } from "./disturbed.ts";

/** What a replica is told. */
export interface ReplicaOptions extends Omit<Disturbance, "random"> {
  readonly namespace: string;
  readonly seed: number;
}

async function main(): Promise<void> {
  const options = JSON.parse(process.argv[2] ?? "") as ReplicaOptions;
  const controller = composeController({
    transport: new Transport(loadAccess(), { userAgent: "claude-run-faults" }),
    log: createLog("info"),
    runner: readFileSync(fileURLToPath(new URL("../../dist/runner.mjs", import.meta.url)), "utf8"),
    defaults: {
      image: agentImage,
      imagePullSecrets: [],
      mountPath: "/workspace",
      terminationGracePeriodSeconds: 2,
      podTTLSecondsAfterFinished: 3_600,
    },
    settings: { admission: true },
    leadership: alwaysHeld,
    namespaces: [options.namespace],
    metrics: new Metrics(),
    progressIntervalSeconds: 0,
    workers: 40,
    wrapCluster: (cluster) => disturbed(cluster, { ...options, random: new Random(options.seed) }),
  });
  await controller.start();
}

await main();
