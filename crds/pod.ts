/** spec.pod: how a run's pod is made; whatever is absent comes from the operator's configuration. */
import * as z from "zod";
import { envFromSchema, envSchema } from "./environment.ts";
import { list, mapOf, nestedName, object, objectName, quantity, text } from "./fields.ts";
import { ipAddress, labelValue, printable } from "./formats.ts";
import { reservedKeys, reservedKeyPrefixes } from "./names.ts";
import { celList, celString, obeying, type Rule } from "./rules.ts";
import { affinitySchema, tolerationsSchema } from "./scheduling.ts";
import { containerSecurityContextSchema, podSecurityContextSchema } from "./security-context.ts";
import { volumeMountsSchema, volumesSchema } from "./volumes.ts";

const KEY = /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/;

const validKeys: Rule<Readonly<Record<string, unknown>>> = {
  rule: `self.all(key, size(key) <= 317 && key.matches(${celString(KEY.source.replaceAll("\\/", "/"))}))`,
  message: "must have keys like 'name' or 'example.com/name'",
  holds: (entries) => Object.keys(entries).every((key) => key.length <= 317 && KEY.test(key)),
};

const noReservedKeys: Rule<Readonly<Record<string, unknown>>> = {
  rule: `self.all(key, !(${reservedKeyPrefixes.map((prefix) => `key.startsWith(${celString(prefix)})`).join(" || ")} || key in ${celList(reservedKeys)}))`,
  message: `must not have keys that are set by the operator and the Job controller (${[...reservedKeyPrefixes, ...reservedKeys].join(", ")}): choose others`,
  holds: (entries) =>
    !Object.keys(entries).some(
      (key) =>
        reservedKeyPrefixes.some((prefix) => key.startsWith(prefix)) ||
        reservedKeys.some((reserved) => key === reserved),
    ),
};

const mountsHaveVolumes: Rule<{
  volumes?: readonly { name: string }[];
  volumeMounts?: readonly { name: string }[];
}> = {
  rule: "!has(self.volumeMounts) || self.volumeMounts.all(mount, has(self.volumes) && self.volumes.exists(volume, volume.name == mount.name))",
  message: "must have in volumes every name that volumeMounts uses",
  holds: ({ volumes = [], volumeMounts = [] }) =>
    volumeMounts.every((mount) => volumes.some((volume) => volume.name === mount.name)),
};

const amounts = (description: string) => mapOf(quantity(), 16).describe(description).exactOptional();

const resources = object({
  requests: amounts("What the scheduler sets aside."),
  limits: amounts("What the container may not exceed; above limits.memory it ends with OOMKilled."),
});

const dnsConfig = object({
  nameservers: list(text({ max: 45 }, ipAddress), 3)
    .describe("Addresses of name servers.")
    .exactOptional(),
  searches: list(text({ max: 253 }), 32)
    .describe("Domains in which short names are looked up.")
    .exactOptional(),
  options: list(object({ name: text({ max: 64 }), value: text({ min: 0, max: 64 }).exactOptional() }), 16)
    .describe("Options of resolv.conf, such as ndots.")
    .exactOptional(),
});

export const podSchema = obeying(
  object({
    image: text({ max: 1024 }, printable)
      .describe("Image with node 20 or newer and claude on its PATH.")
      .exactOptional(),
    imagePullPolicy: z.enum(["Always", "IfNotPresent", "Never"]).describe("When the image is pulled.").exactOptional(),
    imagePullSecrets: list(object({ name: nestedName().describe("Name of the Secret.") }), 16)
      .describe("Secrets of type kubernetes.io/dockerconfigjson for the image's registry.")
      .exactOptional(),
    serviceAccountName: objectName("ServiceAccount of the pod.").exactOptional(),
    env: envSchema.describe("Variables of the container.").exactOptional(),
    envFrom: envFromSchema.describe("Secrets and ConfigMaps whose keys become variables.").exactOptional(),
    resources: resources.describe("CPU, memory and other resources of the container.").exactOptional(),
    volumes: volumesSchema
      .describe("Volumes beside the workspace; each item exactly one kind. Nothing of the node can be mounted.")
      .exactOptional(),
    volumeMounts: volumeMountsSchema
      .describe("Where the container sees the volumes. /run/claude-run is the operator's own.")
      .exactOptional(),
    nodeSelector: mapOf(text({ min: 0, max: 63 }), 32)
      .describe("Labels that the node must have.")
      .exactOptional(),
    tolerations: tolerationsSchema.describe("Taints of nodes that the pod bears.").exactOptional(),
    affinity: affinitySchema.describe("Nodes and pods that it is drawn to or kept from.").exactOptional(),
    priorityClassName: nestedName()
      .describe("PriorityClass of the pod; not the order in the agent's queue.")
      .exactOptional(),
    runtimeClassName: nestedName().describe("RuntimeClass of the pod, for instance one of gVisor.").exactOptional(),
    dnsConfig: dnsConfig.describe("Added to the pod's name resolution.").exactOptional(),
    securityContext: podSecurityContextSchema.describe("Security settings of the pod.").exactOptional(),
    containerSecurityContext: containerSecurityContextSchema
      .describe("Security settings of the container; privileged is not on offer.")
      .exactOptional(),
    labels: obeying(mapOf(text({ min: 0, max: 63 }, labelValue), 64), validKeys, noReservedKeys)
      .describe("More labels of Job and pod. Keys of the operator and the Job controller are refused.")
      .exactOptional(),
    annotations: obeying(mapOf(text({ min: 0, max: 16_384 }), 64), validKeys, noReservedKeys)
      .describe("More annotations of Job and pod. Keys of the operator and the Job controller are refused.")
      .exactOptional(),
  }),
  mountsHaveVolumes,
);
