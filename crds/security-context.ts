/** spec.pod.securityContext and containerSecurityContext. A privileged container cannot be requested. */
import * as z from "zod";
import { integer, list, object, text } from "./fields.ts";

const MAX_ID = 2_147_483_647;
const id = (description: string) => integer(0, MAX_ID).describe(description).exactOptional();
const flag = (description: string) => z.boolean().describe(description).exactOptional();

const profile = (name: string) =>
  object({
    type: z.enum(["RuntimeDefault", "Localhost", "Unconfined"]).describe("Kind of profile."),
    localhostProfile: text({ max: 512 }).describe("Name of a profile on the node.").exactOptional(),
  })
    .describe(`The ${name} profile.`)
    .exactOptional();

const label = () => text({ max: 256 }).exactOptional();
const shared = () => ({
  runAsUser: id("User id of the processes."),
  runAsGroup: id("Group id of the processes."),
  runAsNonRoot: flag("Do not start as user 0."),
  seccompProfile: profile("seccomp"),
});

export const podSecurityContextSchema = object({
  ...shared(),
  appArmorProfile: profile("AppArmor"),
  seLinuxOptions: object({ user: label(), role: label(), type: label(), level: label() })
    .describe("The SELinux label.")
    .exactOptional(),
  fsGroup: id("Group id that owns the volumes."),
  fsGroupChangePolicy: z
    .enum(["Always", "OnRootMismatch"])
    .describe("When the owners of files are changed.")
    .exactOptional(),
  supplementalGroups: list(integer(0, MAX_ID), 32).describe("Additional group ids of the processes.").exactOptional(),
  supplementalGroupsPolicy: z
    .enum(["Merge", "Strict"])
    .describe("Whether groups of the image are included.")
    .exactOptional(),
});

const capabilities = (description: string) =>
  list(text({ max: 64 }), 64)
    .describe(description)
    .exactOptional();

export const containerSecurityContextSchema = object({
  ...shared(),
  allowPrivilegeEscalation: flag("Whether a process may gain more privileges than its parent."),
  readOnlyRootFilesystem: flag("Mount the image read-only. Default: false."),
  capabilities: object({
    add: capabilities("Added capabilities; the namespace's Pod Security level may reject them."),
    drop: capabilities("Dropped capabilities."),
  })
    .describe("Linux capabilities.")
    .exactOptional(),
});
