/**
 * After the whole suite of cluster tests: was each right that the chart grants the operator used? By the API server's audit log.
 *   test/cluster/cluster run node test/chart/used-rights.ts
 */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { operatorNamespace, release } from "../install.ts";
import { render } from "./render.ts";
import { grantedRights, right } from "./rights.ts";
import { images } from "./value-sets.ts";

/** What leaves no trace in the audit log: an admission plugin asks for it while a Job is created. */
const untraceable = ["runs/paperclip.io/clauderuns/finalizers/update"];

interface AuditEvent {
  readonly verb: string;
  readonly user: { readonly username: string };
  readonly objectRef?: {
    readonly apiGroup?: string;
    readonly resource?: string;
    readonly subresource?: string;
    readonly namespace?: string;
  };
  readonly annotations?: Readonly<Record<string, string>>;
}

/** The right by which a request of the operator's was allowed. */
function usedBy({ verb, objectRef = {}, annotations = {} }: AuditEvent): string | undefined {
  const { apiGroup = "", resource, subresource, namespace } = objectRef;
  if (resource === undefined || annotations["authorization.k8s.io/decision"] !== "allow") return undefined;
  const where = resource === "leases" && namespace === operatorNamespace ? "operator" : "runs";
  return right(where, apiGroup, subresource === undefined ? resource : `${resource}/${subresource}`, verb);
}

async function usedRights(): Promise<Set<string>> {
  const operator = `system:serviceaccount:${operatorNamespace}:${release}`;
  const log = spawn("test/cluster/cluster", ["logs", "audit"], { stdio: ["ignore", "pipe", "inherit"] });
  const used = new Set<string>();
  for await (const line of createInterface({ input: log.stdout })) {
    // Most lines are somebody else's: not worth parsing.
    if (!line.includes(operator)) continue;
    const event = JSON.parse(line) as AuditEvent;
    const one = event.user.username === operator ? usedBy(event) : undefined;
    if (one !== undefined) used.add(one);
  }
  return used;
}

const granted = grantedRights(await render(images, { release, namespace: operatorNamespace }), release);
const used = await usedRights();
const idle = granted.filter((each) => !used.has(each) && !untraceable.includes(each));
for (const each of idle) console.error(`granted, and never used: ${each}`);
console.log(`${granted.length} rights granted, ${idle.length} of them never used`);
process.exitCode = idle.length === 0 ? 0 : 1;
