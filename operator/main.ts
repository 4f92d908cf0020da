/**
 * Reads the configuration, composes the parts and stops them in order. Only this file of the operator ends the
 * process.
 */
import { existsSync, readFileSync } from "node:fs";
import { hostname } from "node:os";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { fieldManager } from "../crds/names.ts";
import { loadAccess } from "../kube/access.ts";
import { ConfigError, readConfig, type Config } from "./config.ts";
import { composeController } from "./compose.ts";
import { alwaysHeld, Election, type Leadership } from "./election.ts";
import { serveHealth } from "./health.ts";
import { KubernetesLease } from "./kubernetes/lease.ts";
import { Transport } from "./kubernetes/transport.ts";
import { createLog, type Log } from "./log.ts";
import { Metrics } from "./metrics/metrics.ts";
import { ClaudeRunOperator } from "./shell.ts";
import { loadYamlFile } from "./yaml.ts";

/** Shorter than a pod's grace period of 30 s: the kubelet must not kill the process because of a request that hangs. */
const stopDeadlineMs = 20_000;
const version = process.env["OPERATOR_VERSION"] ?? "dev";

async function main(): Promise<void> {
  const config = readConfig(process.env, loadYamlFile);
  const log = createLog(config.logLevel);
  const access = loadAccess();
  const metrics = new Metrics();
  const onCall = metrics.called.bind(metrics);
  const transport = new Transport(access, { userAgent: `${fieldManager}/${version}`, onCall });
  const controller = composeController({
    transport,
    log,
    metrics,
    leadership: leadershipOf(config, transport, log),
    runner: readFileSync(config.runnerFile ?? runnerFile(), "utf8"),
    defaults: config.defaults,
    settings: config.settings,
    workers: config.workers,
    namespaces: config.watchNamespaces,
    progressIntervalSeconds: config.progressIntervalSeconds,
  });
  const operator = new ClaudeRunOperator(controller, log);
  const health = await serveHealth(config.healthPort, {
    livez: controller.livez,
    readyz: controller.readyz,
    metrics: () => metrics.registry.render(),
  });

  const stopRequested = Promise.withResolvers<undefined>();
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.once(signal, () => {
      log.info({ signal }, "stopping, waiting for reconciles in flight");
      stopRequested.resolve(undefined);
    });
  }
  log.info({ version, node: process.version, server: access.server }, "starting operator");
  await Promise.race([operator.start(), stopRequested.promise]);
  await stopRequested.promise;
  operator.stop();
  const inTime = await Promise.race([operator.stopped.then(() => true), wait(stopDeadlineMs, false)]);
  transport.close();
  health.close();
  if (inTime) log.info({}, "operator stopped");
  else log.warn({ stopDeadlineMs }, "operator stopped with reconciles in flight, the next leader repeats them");
}

/** Leader election by a Lease. Without one this replica always leads. */
function leadershipOf({ leaseNamespace, leaseName }: Config, transport: Transport, log: Log): Leadership {
  if (leaseNamespace === undefined) return alwaysHeld;
  // A container that restarts in its pod has the same hostname and pid: it keeps its Lease.
  const identity = `${hostname()}_${process.pid}`;
  const lock = new KubernetesLease({ transport, log, namespace: leaseNamespace, name: leaseName });
  return new Election({ lock, identity, log });
}

/** In the image it is next to this bundle, in a checkout in dist/. */
function runnerFile(): string {
  const inImage = fileURLToPath(new URL("./runner.mjs", import.meta.url));
  return existsSync(inImage) ? inImage : fileURLToPath(new URL("../dist/runner.mjs", import.meta.url));
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(
      error instanceof ConfigError
        ? `${error.message}\n`
        : `The operator failed: ${String(error instanceof Error ? (error.stack ?? error) : error)}\n`,
    );
    process.exit(1);
  },
);
