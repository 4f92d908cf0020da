/** Reads the configuration, wires the parts, ends them in order. The only file of the operator that ends the process. */
import { existsSync, readFileSync } from "node:fs";
import { hostname } from "node:os";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { KubeConfig } from "@kubernetes/client-node";
import { fieldManager } from "../crds/names.ts";
import { ConfigError, readConfig, type Config } from "./config.ts";
import { Controller } from "./controller.ts";
import { alwaysHeld, Election, type Leadership } from "./election.ts";
import { serveHealth } from "./health.ts";
import { KubernetesLease } from "./kubernetes/lease.ts";
import { Transport } from "./kubernetes/transport.ts";
import { createLog, type Log } from "./log.ts";
import { Metrics } from "./metrics/metrics.ts";
import { ClaudeRunOperator } from "./shell.ts";
import { loadYamlFile } from "./yaml.ts";

/** Shorter than a pod's grace period, which is 30 s: a request that hangs must not have us killed. */
const stopDeadlineMs = 20_000;
const version = process.env["OPERATOR_VERSION"] ?? "dev";

async function main(): Promise<void> {
  const config = readConfig(process.env, loadYamlFile);
  const log = createLog(config.logLevel);
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromDefault();
  const metrics = new Metrics();
  const onCall = metrics.called.bind(metrics);
  const transport = new Transport(kubeConfig, { userAgent: `${fieldManager}/${version}`, onCall });
  const controller = new Controller({
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

  const stopAsked = Promise.withResolvers<undefined>();
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.once(signal, () => {
      log.info({ signal }, "stopping: passes in flight finish first");
      stopAsked.resolve(undefined);
    });
  }
  log.info({ version, node: process.version, server: kubeConfig.getCurrentCluster()?.server }, "operator starts");
  await Promise.race([operator.start(), stopAsked.promise]);
  await stopAsked.promise;
  operator.stop();
  const inTime = await Promise.race([operator.stopped.then(() => true), wait(stopDeadlineMs, false)]);
  await transport.close();
  health.close();
  if (inTime) log.info({}, "operator has stopped");
  else log.warn({ stopDeadlineMs }, "operator stops with passes in flight: the next to lead derives them again");
}

/** By a Lease, or without one always: then nobody else works. */
function leadershipOf({ leaseNamespace, leaseName }: Config, transport: Transport, log: Log): Leadership {
  if (leaseNamespace === undefined) return alwaysHeld;
  // A container that is started again in its pod has both as before: its Lease is still its own.
  const identity = `${hostname()}_${process.pid}`;
  const lock = new KubernetesLease({ transport, log, namespace: leaseNamespace, name: leaseName });
  return new Election({ lock, identity, log });
}

/** In the image beside this bundle, in a checkout in dist/. */
function runnerFile(): string {
  const beside = fileURLToPath(new URL("./runner.mjs", import.meta.url));
  return existsSync(beside) ? beside : fileURLToPath(new URL("../dist/runner.mjs", import.meta.url));
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(
      error instanceof ConfigError
        ? `${error.message}\n`
        : `the operator ended: ${String(error instanceof Error ? (error.stack ?? error) : error)}\n`,
    );
    process.exit(1);
  },
);
