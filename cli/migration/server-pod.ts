/**
 * Converts the settings that an older adapter inherited from its server's pod to chart values and keys of each agent's
 * configuration. This adapter inherits nothing, so that a server's Secrets reach no agent by accident. Pure.
 */

/** The fields of a pod that the migration reads. */
export interface ServerPod {
  readonly spec: {
    readonly containers: readonly ServerContainer[];
    readonly volumes?: readonly {
      readonly name: string;
      readonly persistentVolumeClaim?: { readonly claimName: string };
      readonly secret?: { readonly secretName?: string };
    }[];
    readonly imagePullSecrets?: readonly { readonly name?: string }[];
    readonly nodeSelector?: Readonly<Record<string, string>>;
    readonly tolerations?: readonly { readonly key?: string }[];
    readonly dnsPolicy?: string;
    readonly dnsConfig?: object;
  };
}

interface ServerContainer {
  readonly image?: string;
  readonly env?: readonly {
    readonly valueFrom?: { readonly secretKeyRef?: { readonly name?: string } };
  }[];
  readonly envFrom?: readonly { readonly secretRef?: { readonly name?: string } }[];
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[];
}

/** Settings to write. */
export interface MigrationPlan {
  /** Values of the chart claude-run-operator. */
  readonly values: { readonly run: Readonly<Record<string, unknown>> };
  /** Configuration of each agent. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Settings without an equivalent, with the next step. */
  readonly left: readonly string[];
}

/** Home of the server, where agents found its data too. */
const serverHome = "/paperclip";
/** Kubernetes adds tolerations for these taints to every pod. */
const usualTaints: ReadonlySet<string> = new Set(["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"]);

/** Returns the settings to write. A pod always has containers. */
export function migrationPlan({ spec }: ServerPod): MigrationPlan {
  const [server = {}] = spec.containers;
  const pullSecrets = namesOf(spec.imagePullSecrets ?? []);
  const tolerations = (spec.tolerations ?? []).filter(({ key }) => key === undefined || !usualTaints.has(key));
  return {
    values: {
      run: {
        ...(server.image === undefined ? {} : { image: server.image }),
        ...(pullSecrets.length === 0 ? {} : { imagePullSecrets: pullSecrets }),
      },
    },
    config: {
      ...workspaceOf(spec, server),
      ...(spec.nodeSelector === undefined ? {} : { nodeSelector: spec.nodeSelector }),
      ...(tolerations.length === 0 ? {} : { tolerations }),
    },
    left: leftOf(spec, server),
  };
}

/** Returns the claim of the server's home, else the first claim that it mounts. */
function workspaceOf({ volumes = [] }: ServerPod["spec"], { volumeMounts = [] }: ServerContainer): object {
  const mounted = volumeMounts.flatMap(({ name, mountPath }) => {
    const claim = volumes.find((volume) => volume.name === name)?.persistentVolumeClaim?.claimName;
    return claim === undefined ? [] : [{ workspaceVolumeClaim: claim, workspaceMountPath: mountPath }];
  });
  return mounted.find(({ workspaceMountPath }) => workspaceMountPath === serverHome) ?? mounted[0] ?? {};
}

function leftOf({ volumes = [], dnsPolicy, dnsConfig }: ServerPod["spec"], server: ServerContainer): string[] {
  const inVariables = namesOf([
    ...(server.env ?? []).map(({ valueFrom }) => valueFrom?.secretKeyRef ?? {}),
    ...(server.envFrom ?? []).map(({ secretRef }) => secretRef ?? {}),
  ]);
  const mounted = namesOf(volumes.map(({ secret }) => ({ name: secret?.secretName })));
  return [
    ...(inVariables.length === 0
      ? []
      : [
          `Secrets in the server's variables (${inVariables.join(", ")}): copy only the keys that agents need into one Secret, and set credentialsSecretName`,
        ]),
    ...(mounted.length === 0
      ? []
      : [
          `Secrets mounted as files (${mounted.join(", ")}): agents do not see them; set the values that they need in env`,
        ]),
    ...(dnsConfig === undefined && (dnsPolicy ?? "ClusterFirst") === "ClusterFirst"
      ? []
      : [
          `DNS (dnsPolicy ${dnsPolicy ?? "ClusterFirst"}): chart and adapter do not set it; use spec.pod.dnsConfig of the ClaudeRun`,
        ]),
  ];
}

/** Returns the distinct names. */
function namesOf(references: readonly { readonly name?: string | undefined }[]): string[] {
  return [...new Set(references.flatMap(({ name }) => name ?? []))];
}
