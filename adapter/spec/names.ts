/** Names and labels made of the host's ids: different ids give different names, and the same run always the same. */
import { createHash } from "node:crypto";
import { group } from "../../crds/names.ts";

/** Labels by which the host's runs are found; on the ClaudeRun, its Job and its pod. */
export const runLabels = {
  run: `${group}/run-id`,
  agent: `${group}/agent-id`,
  company: `${group}/company-id`,
  task: `${group}/task-id`,
  adapter: `${group}/adapter-type`,
} as const;
/** The run's raw id: labels can't hold every character. */
export const runIdAnnotation = `${group}/paperclip-run-id`;

const hashLength = 10;

/** The agent's slot; undefined if the id has nothing that a name can be made of. */
export function agentName(id: string): string | undefined {
  return nameOf(id, 63);
}

/** Name of the ClaudeRun: short enough to stand whole in the name of its Job and pod. */
export function runName(agentId: string, runId: string): string {
  return `pc-${slug(agentId).slice(0, 8)}-${slug(runId).slice(0, 12)}-${hash(`${agentId}\0${runId}`)}`.replace(
    /-{2,}/g,
    "-",
  );
}

/** The same for writing and for selecting: an id as a label's value. */
export function labelValue(id: string): string {
  if (/^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/.test(id)) return id;
  const kept = id.replace(/[^A-Za-z0-9_.-]+/g, "-").slice(0, 63 - hashLength - 1);
  return `${kept.replace(/^[^A-Za-z0-9]+/, "")}-${hash(id)}`.replace(/^-/, "");
}

function nameOf(id: string, length: number): string | undefined {
  const clean = slug(id);
  if (clean === "") return undefined;
  if (clean === id && id.length <= length) return id;
  return `${clean.slice(0, length - hashLength - 1).replace(/-$/, "")}-${hash(id)}`;
}

function slug(id: string): string {
  return id
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");
}

function hash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, hashLength);
}
