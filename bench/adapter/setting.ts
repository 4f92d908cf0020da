/** Where the adapter is measured: a namespace of its own, and a volume whose `claude` is the stand-in. */
import { fileURLToPath } from "node:url";
import { claimName, openWorkspace } from "../../test/e2e/workspace.ts";
import { Stage } from "../../test/e2e/stage.ts";

const pacer = fileURLToPath(new URL("pacer.ts", import.meta.url));
const mountPath = "/workspace";

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
    await setting.#placePacer();
    return setting;
  }

  /** An agent's configuration whose claude writes at this pace. Small requests: fifty of them have to fit on the node. */
  agentConfig(pace: Pace): Record<string, unknown> {
    return {
      namespace: this.stage.namespace,
      promptTemplate: `@pace ${JSON.stringify(pace)}`,
      workspaceVolumeClaim: claimName,
      workspaceSubPath: "work",
      workspaceMountPath: mountPath,
      graceSec: 1,
      podScheduleTimeoutSec: 600,
      podStartTimeoutSec: 600,
      resources: { requests: { cpu: "10m", memory: "16Mi" } },
      env: { PATH: `${mountPath}/bin:/usr/local/bin:/usr/bin:/bin` },
    };
  }

  async close(): Promise<void> {
    await this.stage.close();
    await this.#volume.close();
  }

  async #placePacer(): Promise<void> {
    const { stage } = this;
    await stage.kubectl("create", "configmap", "pacer", `--from-file=${pacer}`);
    const bin = `${mountPath}/bin`;
    const start = `printf '#!/bin/sh\\nexec node ${bin}/pacer.ts\\n' > ${bin}/claude`;
    const script = `mkdir -p ${bin} && cp /pacer/pacer.ts ${bin} && ${start} && chmod 755 ${bin}/claude`;
    const container = {
      name: "copy",
      image: "localhost/claude-run/agent:dev",
      imagePullPolicy: "IfNotPresent",
      command: ["sh", "-c", script],
      securityContext: {
        allowPrivilegeEscalation: false,
        capabilities: { drop: ["ALL"] },
        runAsNonRoot: true,
        runAsUser: 1000,
        seccompProfile: { type: "RuntimeDefault" },
      },
      volumeMounts: [
        { name: "pacer", mountPath: "/pacer" },
        { name: "workspace", mountPath, subPath: "work" },
      ],
    };
    const volumes = [
      { name: "pacer", configMap: { name: "pacer" } },
      { name: "workspace", persistentVolumeClaim: { claimName } },
    ];
    await stage.create({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "copy", namespace: stage.namespace },
      spec: { restartPolicy: "Never", containers: [container], volumes },
    });
    await stage.kubectl("wait", "pod/copy", "--for=jsonpath={.status.phase}=Succeeded", "--timeout=90s");
  }
}
