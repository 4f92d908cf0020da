/** The import boundaries are lint rules; here each is broken once, to see that it is one, and the operator's files keep to them. */
import { ESLint } from "eslint";
import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { beforeAll, expect, it } from "vitest";

const eslint = new ESLint();

/** The boundaries alone. */
const boundaries = new ESLint({
  ruleFilter: ({ ruleId }) => ruleId.includes("no-restricted-"),
});

/** What lint says about a file if this line stood on top of it, beyond what it says already. */
async function saysAbout(file: string, line: string): Promise<string> {
  const [result] = await eslint.lintText(`${line}\n${readFileSync(file, "utf8")}`, { filePath: file });
  return (result?.messages ?? []).map(({ ruleId, message }) => `${ruleId ?? ""}: ${message}`).join("\n");
}

// The first look reads the types of the whole project: on a busy machine that takes minutes.
beforeAll(async () => {
  await saysAbout("operator/decide/slot.ts", "");
}, 300_000);

// First, because it holds invariant 8: the rest only shows that the rules are rules.
it("the operator keeps to them: decide knows neither clock nor client, and only act, status-writer and explain write", async () => {
  const results = await boundaries.lintFiles("operator/**/*.ts");
  const said = results.flatMap(({ filePath, messages }) =>
    messages.map(({ line, message }) => `${relative("", filePath)}:${line}: ${message}`),
  );
  expect(said).toEqual([]);
});

const broken: readonly [what: string, file: string, line: string, advice: string][] = [
  [
    "decide may not know the client",
    "operator/decide/slot.ts",
    'import { KubeConfig } from "@kubernetes/client-node";\nexport const k = KubeConfig;',
    "Kubernetes is spoken in operator/kubernetes/ only",
  ],
  [
    "decide may not reach the file system",
    "operator/decide/slot.ts",
    'import { readFileSync } from "node:fs";\nexport const r = readFileSync;',
    "no clock, no client, no node modules",
  ],
  [
    "decide may not ask for the time",
    "operator/decide/slot.ts",
    "export const t = Date.now();",
    "The time is in Observed.nowMs",
  ],
  [
    "a comment makes no exception",
    "operator/decide/slot.ts",
    '/* eslint "no-restricted-properties": "off" */\nexport const t = Date.now();',
    "The time is in Observed.nowMs",
  ],
  [
    "decide may not make a time up",
    "operator/decide/slot.ts",
    "export const t = new Date();",
    "The time is in Observed.nowMs",
  ],
  [
    "decide may not throw dice",
    "operator/decide/slot.ts",
    "export const d = Math.random();",
    "Deciding is deterministic",
  ],
  [
    "only act, status-writer and explain may write",
    "operator/reconcile.ts",
    'import type { Cluster } from "./cluster.ts";\nexport const w = async (cluster: Cluster, run: never): Promise<void> => cluster.updateStatus(run, {});',
    "Only act.ts, status-writer.ts and explain.ts write",
  ],
  [
    "an Event is a write",
    "operator/sampler.ts",
    'import type { Cluster } from "./cluster.ts";\nexport const w = (cluster: Cluster, run: never): void => cluster.recordEvent(run, {} as never);',
    "Only act.ts, status-writer.ts and explain.ts write",
  ],
  [
    "the base class stays in its file",
    "operator/controller.ts",
    'import Base from "@dot-i/k8s-operator";\nexport const b = Base;',
    "The base class is used in operator/shell.ts only",
  ],
  [
    "the runner takes no dependency",
    "runner/money.ts",
    'import * as z from "zod";\nexport const s = z.string();',
    "one file without dependencies",
  ],
  [
    "crds is the root",
    "crds/parse.ts",
    'import { isAdmitted } from "../operator/domain.ts";\nexport const a = isAdmitted;',
    "crds is the root of the imports",
  ],
  [
    "the client knows neither adapter nor kubectl claude",
    "client/progress.ts",
    'import { planRun } from "../adapter/spec/plan.ts";\nexport const p = planRun;',
    "The client stands on crds and kube",
  ],
  [
    "the client takes no dependency that its package does not name",
    "client/progress.ts",
    'import { request } from "undici";\nexport const r = request;',
    "has no other dependency",
  ],
  [
    "the adapter knows nothing of the operator",
    "adapter/storable.ts",
    'import { containerName } from "../operator/names.ts";\nexport const c = containerName;',
    "The adapter knows nothing of the operator",
  ],
  [
    "the adapter takes no dependency that its package does not name",
    "adapter/storable.ts",
    'import { request } from "undici";\nexport const r = request;',
    "has no other dependency",
  ],
  [
    "nothing imports kubectl claude",
    "adapter/storable.ts",
    'import { exitCodes } from "../cli/errors.ts";\nexport const e = exitCodes;',
    "Nothing imports kubectl claude",
  ],
  [
    "kubectl claude knows nothing of the operator",
    "cli/errors.ts",
    'import { containerName } from "../operator/names.ts";\nexport const c = containerName;',
    "kubectl claude knows neither operator nor adapter",
  ],
  [
    "kubectl claude knows nothing of the adapter",
    "cli/errors.ts",
    'import { planRun } from "../adapter/spec/plan.ts";\nexport const p = planRun;',
    "kubectl claude knows neither operator nor adapter",
  ],
  [
    "kubectl claude has no dependency but commander and the YAML parser",
    "cli/errors.ts",
    'import { request } from "undici";\nexport const r = request;',
    "no other dependency",
  ],
  [
    "kube imports nothing of ours but crds",
    "kube/access.ts",
    'import { containerName } from "../operator/names.ts";\nexport const c = containerName;',
    "kube imports nothing of ours but crds",
  ],
  [
    "kube takes no dependency but the YAML parser",
    "kube/access.ts",
    'import { request } from "undici";\nexport const r = request;',
    "of packages js-yaml only",
  ],
  [
    "product code imports no test's server",
    "kube/access.ts",
    'import { ApiServer } from "./testing/api-server.ts";\nexport const a = ApiServer;',
    "Only tests import testing/",
  ],
  [
    "kubectl claude prints in one place",
    "cli/commands/list.ts",
    'process.stdout.write("x");',
    "Only cli/terminal/terminal.ts prints",
  ],
  [
    "kubectl claude does not print through the console",
    "cli/commands/list.ts",
    'console.log("x");',
    "Unexpected console statement",
  ],
  [
    "kubectl claude does not reach stdout by another way",
    "cli/commands/list.ts",
    'import { stdout } from "node:process";\nexport const s = stdout;',
    "Only cli/terminal/terminal.ts prints",
  ],
  ["no promise is forgotten", "operator/reconcile.ts", "Promise.resolve();", "no-floating-promises"],
  [
    "only main ends the process",
    "operator/controller.ts",
    "export const end = (): never => process.exit(1);",
    "Only main.ts ends the process",
  ],
];

it.each(broken)("%s", async (_, file, line, advice) => {
  expect(await saysAbout(file, line)).toContain(advice);
});
