/** spec.pod: settings of a run's pod; defaults come from the operator's configuration. */
import * as z from "zod";
import { envFromSchema, envSchema } from "./environment.ts";
import { list, mapOf, nestedName, object, objectName, quantity, text } from "./fields.ts";
import { ipAddress, labelValue, printable } from "./formats.ts";
import { reservedKeys, reservedKeyPrefixes } from "./names.ts";
import { celList, celString, withRules, type Rule } from "./rules.ts";
import { affinitySchema, tolerationsSchema } from "./scheduling.ts";
import { containerSecurityContextSchema, podSecurityContextSchema } from "./security-context.ts";
import { volumeMountsSchema, volumesSchema } from "./volumes.ts";

const KEY = /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/;

const validKeys: Rule<Readonly<Record<string, unknown>>> = {
  rule: `self.all(key, key.matches(${celString(KEY.source.replaceAll("\\/", "/"))}))`,
  message: "must have keys like 'name' or 'example.com/name'",
  isValid: (entries) => Object.keys(entries).every((key) => KEY.test(key)),
};

const noReservedKeys: Rule<Readonly<Record<string, unknown>>> = {
  rule: `self.all(key, !(${reservedKeyPrefixes.map((prefix) => `key.startsWith(${celString(prefix)})`).join(" || ")} || key in ${celList(reservedKeys)}))`,
  message: `must not have keys that the operator and the Job controller set (${[...reservedKeyPrefixes, ...reservedKeys].join(", ")}): choose others`,
  isValid: (entries) =>
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
  isValid: ({ volumes = [], volumeMounts = [] }) =>
    volumeMounts.every((mount) => volumes.some((volume) => volume.name === mount.name)),
};

const amounts = (description: string) => mapOf(quantity(), 16).describe(description).exactOptional();

const resources = object({
  requests: amounts("Amounts that the scheduler reserves."),
  limits: amounts("Amounts that the container must not exceed; above limits.memory the run ends with OOMKilled."),
});

const dnsConfig = object({
  nameservers: list(text({ max: 45 }, ipAddress), 3)
    .describe("Addresses of name servers.")
    .exactOptional(),
  searches: list(text({ max: 253 }), 32)
    .describe("Search domains for short names.")
    .exactOptional(),
  options: list(object({ name: text({ max: 64 }), value: text({ min: 0, max: 64 }).exactOptional() }), 16)
    .describe("Options of resolv.conf, such as ndots.")
    .exactOptional(),
});

export const podSchema = withRules(
  object({
    image: text({ max: 1024 }, printable)
      .describe("Image with Node.js 20 or newer and claude on its PATH.")
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
      .describe(
        "Volumes in addition to the workspace; each item is exactly one kind. Paths of the node cannot be mounted.",
      )
      .exactOptional(),
    volumeMounts: volumeMountsSchema
      .describe("Mount paths of the volumes. /run/claude-run is reserved for the operator.")
      .exactOptional(),
    nodeSelector: mapOf(text({ min: 0, max: 63 }), 32)
      .describe("Labels that the node must have.")
      .exactOptional(),
    tolerations: tolerationsSchema.describe("Tolerations of the pod.").exactOptional(),
    affinity: affinitySchema.describe("Node affinity, pod affinity and pod anti-affinity.").exactOptional(),
    priorityClassName: nestedName()
      .describe("PriorityClass of the pod; it does not change the order in the agent's queue.")
      .exactOptional(),
    runtimeClassName: nestedName().describe("RuntimeClass of the pod, for example one of gVisor.").exactOptional(),
    dnsConfig: dnsConfig.describe("Additions to the pod's DNS configuration.").exactOptional(),
    securityContext: podSecurityContextSchema.describe("Security context of the pod.").exactOptional(),
    containerSecurityContext: containerSecurityContextSchema
      .describe("Security context of the container; privileged is not available.")
      .exactOptional(),
    labels: withRules(mapOf(text({ min: 0, max: 63 }, labelValue), 64), validKeys, noReservedKeys)
      .describe("Additional labels of Job and pod. Keys of the operator and the Job controller are rejected.")
      .exactOptional(),
    annotations: withRules(mapOf(text({ min: 0, max: 16_384 }), 64), validKeys, noReservedKeys)
      .describe("Additional annotations of Job and pod. Keys of the operator and the Job controller are rejected.")
      .exactOptional(),
  }),
  mountsHaveVolumes,
);
