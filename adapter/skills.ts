/** The skills tab: lists the skills of an agent. They are copied for each run, so there is nothing to sync. */
import {
  isPaperclipSkillSourceMissing,
  readPaperclipRuntimeSkillEntries,
  resolveLegacyPaperclipDesiredSkillNames,
} from "@paperclipai/adapter-utils/server-utils";
import type { AdapterSkillContext, AdapterSkillSnapshot } from "@paperclipai/adapter-utils";
import { bundlePath } from "./spec/bundle.ts";

/** Returns the agent's skills, the available ones, and those missing on the server. */
export async function listSkills(ctx: AdapterSkillContext): Promise<AdapterSkillSnapshot> {
  const entries = await readPaperclipRuntimeSkillEntries(ctx.config, import.meta.dirname);
  const desired = resolveLegacyPaperclipDesiredSkillNames(ctx.config, entries);
  const known = new Set(entries.map(({ key }) => key));
  const unknown = desired.filter((key) => !known.has(key));
  return {
    adapterType: ctx.adapterType,
    supported: true,
    mode: "ephemeral",
    desiredSkills: desired,
    entries: [
      ...entries.map((entry) => {
        const isDesired = desired.includes(entry.key);
        const isMissing = isPaperclipSkillSourceMissing(entry);
        return {
          key: entry.key,
          runtimeName: entry.runtimeName,
          desired: isDesired,
          managed: true,
          state: isMissing ? ("missing" as const) : isDesired ? ("configured" as const) : ("available" as const),
          targetPath: `${bundlePath}/.claude/skills/${entry.runtimeName}`,
        };
      }),
      ...unknown.map((key) => ({
        key,
        runtimeName: null,
        desired: true,
        managed: true,
        state: "missing" as const,
        detail: "Paperclip has no skill of this name: remove it from the agent or add it to the company.",
      })),
    ],
    warnings: unknown.map((key) => `Skill ${key} is not available.`),
  };
}
