/** Where the adapter is measured: a namespace of its own, and a volume whose `claude` is the stand-in. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { openWorkspace, placeClaude, withPlacedClaude } from "../../test/e2e/workspace.ts";
import { Stage } from "../../test/e2e/stage.ts";

const pacer = fileURLToPath(new URL("pacer.ts", import.meta.url));

/** How many lines the stand-in writes, and how often. */
export interface Pace {
  readonly lines: number;
  readonly everyMs: number;
}

export class Setting {
  readonly stage: Stage;
  readonly #volume: { close: () => Promise<void> };

  private constructor(stage: Stage, volume: { close: () => Promise<void> }) {
    this.stage = stage;
    this.#volume = volume;
  }

  static async open(): Promise<Setting> {
    const stage = await Stage.open("bench-adapter");
    const setting = new Setting(stage, await openWorkspace(stage));
    await placeClaude(stage, readFileSync(pacer, "utf8"));
    return setting;
  }

  /** An agent's configuration whose claude writes at this pace. Small requests: fifty of them have to fit on the node. */
  agentConfig(pace: Pace): Record<string, unknown> {
    return {
      namespace: this.stage.namespace,
      promptTemplate: `@pace ${JSON.stringify(pace)}`,
      ...withPlacedClaude,
      graceSec: 1,
      podScheduleTimeoutSec: 600,
      podStartTimeoutSec: 600,
      resources: { requests: { cpu: "10m", memory: "16Mi" } },
    };
  }

  async close(): Promise<void> {
    await this.stage.close();
    await this.#volume.close();
  }
}
