/** Environment of the adapter's benchmark: its own namespace, and a volume with the pacer as `claude`. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { openWorkspace, placeClaude, withPlacedClaude } from "../../test/e2e/workspace.ts";
import { Stage } from "../../test/e2e/stage.ts";

const pacer = fileURLToPath(new URL("pacer.ts", import.meta.url));

/** Number and interval of the pacer's lines. */
export interface Rate {
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

  /**
   * Returns an agent's configuration with this pace. Its resource requests are small, so that fifty pods fit on the
   * node.
   */
  agentConfig(rate: Rate): Record<string, unknown> {
    return {
      namespace: this.stage.namespace,
      promptTemplate: `@pace ${JSON.stringify(rate)}`,
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
