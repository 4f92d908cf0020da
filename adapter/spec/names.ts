/** Derives names and labels from the host's ids: unique for each id, and stable for the same run. */
import { createHash } from "node:crypto";
import { group } from "../../crds/names.ts";

/** Labels of the ClaudeRun, its Job and its pod with the host's ids. */
export const runLabels = {
  run: `${group}/run-id`,
  agent: `${group}/agent-id`,
  company: `${group}/company-id`,
  task: `${group}/task-id`,
  adapter: `${group}/adapter-type`,
  /** Number of the run's Secrets; removed once they are deleted. */
  secrets: `${group}/client-secrets`,
} as const;
/** Annotation with the run's raw id: labels do not allow every character. */
export const runIdAnnotation = `${group}/paperclip-run-id`;

const hashLength = 10;

/** Returns the value of spec.agent; undefined if the id has no letter or digit. */
export function agentName(id: string): string | undefined {
  return nameOf(id, 63);
}

/** Returns the name of the ClaudeRun, short enough for the names of its Job and pod. */
export function runName(agentId: string, runId: string): string {
  return `pc-${slug(agentId).slice(0, 8)}-${slug(runId).slice(0, 12)}-${hash(`${agentId}\0${runId}`)}`.replace(
    /-{2,}/g,
    "-",
  );
}

/** Returns an id as a valid label value, for objects and selectors. */
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
