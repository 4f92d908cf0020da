/**
 * What an older adapter took from its server's own pod, as what takes its place: values of the chart, and keys of each
 * agent's configuration. Nothing is inherited any more, so that a server's secrets reach no agent by accident. Pure.
 */

/** As far as it is read of a pod. */
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

/** What to write where. */
export interface Moved {
  /** Of the chart claude-run-operator. */
  readonly values: { readonly run: Readonly<Record<string, unknown>> };
  /** Of each agent. */
  readonly config: Readonly<Record<string, unknown>>;
  /** What has no place of its own, and what to do about it. */
  readonly left: readonly string[];
}

/** Where the server keeps its data, and agents found it too. */
const serverHome = "/paperclip";
/** Kubernetes adds these to every pod. */
const usualTaints: ReadonlySet<string> = new Set(["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"]);

/** `containers` are never empty in a pod that exists. */
export function movedFrom({ spec }: ServerPod): Moved {
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

/** The claim that the server has its home on, else the first that it mounts. */
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
          `Secrets in the server's variables (${inVariables.join(", ")}): put what agents need, and no more, into one Secret, and name it in credentialsSecretName`,
        ]),
    ...(mounted.length === 0
      ? []
      : [`Secrets mounted as files (${mounted.join(", ")}): agents see none of them; give what they need in env`]),
    ...(dnsConfig === undefined && (dnsPolicy ?? "ClusterFirst") === "ClusterFirst"
      ? []
      : [
          `DNS (dnsPolicy ${dnsPolicy ?? "ClusterFirst"}): the chart and the adapter set none; a ClaudeRun's spec.pod.dnsConfig can add to it`,
        ]),
  ];
}

/** Each once. */
function namesOf(references: readonly { readonly name?: string | undefined }[]): string[] {
  return [...new Set(references.flatMap(({ name }) => name ?? []))];
}
