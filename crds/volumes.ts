/** spec.pod.volumes and volumeMounts: only kinds that give no access to the node. */
import * as z from "zod";
import { integer, keyInData, keyedList, list, nestedName, object, quantity, text } from "./fields.ts";
import { absolutePath, dnsLabel, notReservedPath, notReservedVolume, relativePath } from "./formats.ts";
import { exactlyOneOf, withRules, withPattern } from "./rules.ts";

const mode = (description: string) =>
  integer(0, 0o777).describe(`${description}, as a decimal number.`).exactOptional();

/** A path inside a volume. */
export const pathInVolume = () => withPattern(text({ min: 0, max: 512 }), relativePath);
/** A mount path in the container. */
export const mountPath = () => text({ max: 512 }, absolutePath, notReservedPath);

const items = () =>
  list(
    object({
      key: keyInData().describe("Key in the data."),
      path: text({ max: 512 }).describe("File in the volume."),
      mode: mode("Permission bits of the file"),
    }),
    64,
  )
    .describe("Keys to mount, with their file names. Default: all keys.")
    .exactOptional();

const optional = () => z.boolean().describe("Whether it may be missing. Default: false.").exactOptional();
const defaultMode = () => mode("Permission bits of the files. Default: 420 (0644)");

const projectedSource = withRules(
  object({
    secret: object({ name: nestedName().describe("Name of the Secret."), items: items(), optional: optional() })
      .describe("Keys of a Secret.")
      .exactOptional(),
    configMap: object({ name: nestedName().describe("Name of the ConfigMap."), items: items(), optional: optional() })
      .describe("Keys of a ConfigMap.")
      .exactOptional(),
    serviceAccountToken: object({
      path: text({ max: 512 }).describe("File in the volume."),
      audience: text({ max: 1024 }).describe("Audience of the token. Default: the API server.").exactOptional(),
      expirationSeconds: integer(600, 4_294_967_296)
        .describe("Lifetime in seconds; the kubelet renews the token before it ends. Default: 3600.")
        .exactOptional(),
    })
      .describe("A token of the pod's ServiceAccount, for example to authenticate to a cloud.")
      .exactOptional(),
  }),
  exactlyOneOf("secret", "configMap", "serviceAccountToken"),
);

const volume = withRules(
  object({
    name: text({ max: 63 }, dnsLabel, notReservedVolume).describe("Name that volumeMounts refer to."),
    emptyDir: object({
      medium: z.enum(["", "Memory"]).describe("Memory: a tmpfs, whose content counts as memory.").exactOptional(),
      sizeLimit: quantity().describe("Maximum size. Default: unlimited.").exactOptional(),
    })
      .describe("A directory that lives as long as the pod.")
      .exactOptional(),
    configMap: object({
      name: nestedName().describe("Name of the ConfigMap."),
      defaultMode: defaultMode(),
      items: items(),
      optional: optional(),
    })
      .describe("The files of a ConfigMap.")
      .exactOptional(),
    secret: object({
      secretName: nestedName().describe("Name of the Secret."),
      defaultMode: defaultMode(),
      items: items(),
      optional: optional(),
    })
      .describe("The files of a Secret.")
      .exactOptional(),
    persistentVolumeClaim: object({
      claimName: nestedName().describe("Name of the claim."),
      readOnly: z.boolean().describe("Mount it read-only. Default: false.").exactOptional(),
    })
      .describe("A PersistentVolumeClaim.")
      .exactOptional(),
    projected: object({
      defaultMode: defaultMode(),
      sources: list(projectedSource, 16).describe("Sources of the volume; each item is exactly one kind."),
    })
      .describe("Several sources in one directory.")
      .exactOptional(),
  }),
  exactlyOneOf("emptyDir", "configMap", "secret", "persistentVolumeClaim", "projected"),
);

const volumeMount = object({
  name: text({ max: 63 }, dnsLabel).describe("Name of a volume in volumes."),
  mountPath: mountPath().describe("Absolute path in the container."),
  subPath: pathInVolume().describe("Path in the volume. Default: its root.").exactOptional(),
  readOnly: z.boolean().describe("Default: false.").exactOptional(),
});

export const volumesSchema = keyedList(volume, "name", 32);
export const volumeMountsSchema = keyedList(volumeMount, "mountPath", 64);
