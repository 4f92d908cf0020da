/** Reads the configuration that the operator mounted. */
import { readFileSync } from "node:fs";
import type { RunnerConfig } from "./contract.ts";
import { numberAt, objectAt, parseObject, stringAt } from "./event.ts";
import { causeOf, StartFailure } from "./failure.ts";

/** Throws StartFailure if the file cannot be read or is not of the version that this runner knows. */
export function readConfig(path: string | undefined): RunnerConfig {
  if (path === undefined) {
    throw new StartFailure("ClaudeStartFailed", "RUNNER_CONFIG is not set: it must name the runner's config.json");
  }
  const config = parseObject(readText(path));
  const version = numberAt(config, "v");
  if (version !== 1) {
    const found = version === undefined ? "no version" : `version ${version}`;
    throw new StartFailure(
      "ClaudeStartFailed",
      `${path} has ${found}, this runner reads version 1: mount a matching pair`,
    );
  }
  const complete =
    stringAt(config, "promptPath") !== undefined &&
    stringAt(config, "workingDirectory") !== undefined &&
    objectAt(config, "claude") !== undefined &&
    numberAt(config, "resultGracePeriodSeconds") !== undefined &&
    numberAt(config, "terminationGracePeriodSeconds") !== undefined;
  if (!complete) throw new StartFailure("ClaudeStartFailed", `${path} lacks fields of the runner's contract`);
  return config as unknown as RunnerConfig;
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new StartFailure(
      "ClaudeStartFailed",
      `the runner's configuration cannot be read (${causeOf(error)}): check the ConfigMap's mount and its mode`,
    );
  }
}
