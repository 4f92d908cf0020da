/** Reads the configuration that the operator mounts. */
import { readFileSync } from "node:fs";
import type { RunnerConfig } from "./contract.ts";
import { numberField, objectField, parseObject, stringField } from "./event.ts";
import { causeOf, StartFailure } from "./failure.ts";
import { verifiedFile } from "./verified-files.ts";

/** Throws StartFailure if the file cannot be read, or has an unknown version or missing fields. */
export function readConfig(path: string | undefined): RunnerConfig {
  if (path === undefined) {
    throw new StartFailure(
      "ClaudeStartFailed",
      "RUNNER_CONFIG is not set: set it to the path of the runner's config.json",
    );
  }
  const config = parseObject(readText(path));
  const version = numberField(config, "v");
  if (version !== 1) {
    const found = version === undefined ? "no version" : `version ${version}`;
    throw new StartFailure(
      "ClaudeStartFailed",
      `${path} has ${found}; this runner supports version 1: mount a matching runner`,
    );
  }
  const complete =
    stringField(config, "promptPath") !== undefined &&
    stringField(config, "workingDirectory") !== undefined &&
    objectField(config, "claude") !== undefined &&
    numberField(config, "resultGracePeriodSeconds") !== undefined &&
    numberField(config, "terminationGracePeriodSeconds") !== undefined;
  if (!complete) throw new StartFailure("ClaudeStartFailed", `${path} lacks required fields`);
  return config as unknown as RunnerConfig;
}

function readText(path: string): string {
  try {
    return verifiedFile(path)?.toString("utf8") ?? readFileSync(path, "utf8");
  } catch (error) {
    throw new StartFailure(
      "ClaudeStartFailed",
      `the runner's configuration cannot be read (${causeOf(error)}): check the ConfigMap's mount and its mode`,
    );
  }
}
