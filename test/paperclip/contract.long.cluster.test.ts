/**
 * The adapter with other releases of adapter-utils than the pinned one: types against their declarations, bundle with
 * their functions, and whole runs with the callbacks of such a host. Needs packages of the registry, but no cluster.
 */
import { execFile } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import type { AdapterExecutionContext, ServerAdapterModule } from "@paperclipai/adapter-utils";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { ClaudeRunApi } from "../../client/testing/claude-run-api.ts";
import { allowedKubeconfig } from "../../adapter/testing/kubeconfigs.ts";
import { TestHost } from "../../adapter/testing/host.ts";
import { operate } from "../../client/testing/operated-run.ts";
import { installedPackages } from "./packages.ts";

const checkout = fileURLToPath(new URL("../..", import.meta.url));
const home = mkdtempSync(join(tmpdir(), "adapter-contract-"));
afterAll(() => rmSync(home, { recursive: true }));

interface Release {
  readonly version: string;
  readonly path: string;
  /** The bundle, next to a node_modules with this release. */
  readonly entry: string;
}

/** Puts the bundle next to a release of adapter-utils; everything else is the checkout's. */
function release(name: string, path: string): Release {
  const { version } = JSON.parse(readFileSync(join(path, "package.json"), "utf8")) as { version: string };
  const directory = join(home, name);
  const modules = join(directory, "node_modules");
  mkdirSync(join(modules, "@paperclipai"), { recursive: true });
  symlinkSync(path, join(modules, "@paperclipai/adapter-utils"));
  for (const each of ["@kubernetes", "zod"]) symlinkSync(join(checkout, "node_modules", each), join(modules, each));
  writeFileSync(join(directory, "package.json"), '{"type": "module"}');
  const entry = join(directory, "index.js");
  copyFileSync(join(checkout, "adapter/dist/index.js"), entry);
  return { version, path, entry };
}

const compared = join(installedPackages("adapterUtils"), "node_modules");
const pinned = release("pinned", join(checkout, "node_modules/@paperclipai/adapter-utils"));
const lowest = release("lowest", join(compared, "lowest"));
const below = release("below", join(compared, "below"));

/** Returns tsc's errors in the adapter's sources with this release's declarations. */
async function typeErrors({ path }: Release): Promise<string[]> {
  const project = join(mkdtempSync(join(home, "types-")), "tsconfig.json");
  const config = {
    extends: join(checkout, "tsconfig.json"),
    compilerOptions: {
      paths: {
        "@paperclipai/adapter-utils": [join(path, "dist/index.d.ts")],
        "@paperclipai/adapter-utils/*": [join(path, "dist/*.d.ts")],
      },
      typeRoots: [join(checkout, "node_modules/@types")],
    },
    include: [join(checkout, "adapter")],
    exclude: ["**/node_modules", "**/dist", "**/*.test.ts"].map((each) => join(checkout, each)),
  };
  writeFileSync(project, JSON.stringify(config));
  const tsc = join(checkout, "node_modules/typescript/bin/tsc");
  const said = await promisify(execFile)(process.execPath, [tsc, "-p", project]).catch(
    (error: unknown) => error as { readonly stdout: string },
  );
  return said.stdout.split("\n").filter((line) => line.includes("error TS"));
}

async function load({ entry }: Release) {
  return (await import(pathToFileURL(entry).href)) as {
    createServerAdapter: () => ServerAdapterModule;
  };
}

/** Imports the bundle as node does, which the test's own import is not; throws with what node says. */
async function loadInNode({ entry }: Release): Promise<void> {
  const script = `await import(${JSON.stringify(pathToFileURL(entry).href)})`;
  await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", script]);
}

describe.each([
  ["lowest", lowest],
  ["pinned, which is the newest", pinned],
])("with the %s release", (_, each) => {
  let api: ClaudeRunApi;
  beforeEach(async () => {
    api = await new ClaudeRunApi().listen();
    operate(api, (run) => run.succeeds());
  });
  afterEach(() => api.close());

  it("its types fit", async () => {
    expect(await typeErrors(each)).toEqual([]);
  });

  it("it is a server adapter with all that the host asks of one", async () => {
    await loadInNode(each);
    const adapter = (await load(each)).createServerAdapter();
    expect(adapter).toMatchObject({
      type: "claude_k8s",
      supportsLocalAgentJwt: true,
      supportsInstructionsBundle: true,
      sessionManagement: { supportsSessionResume: true },
    });
    for (const name of ["execute", "testEnvironment", "listModels", "listSkills", "getConfigSchema"])
      expect(Reflect.get(adapter, name), name).toBeTypeOf("function");
    expect(adapter.sessionCodec?.deserialize({ sessionId: "s" })).toMatchObject({ sessionId: "s" });
  });

  const wake = { issueId: "issue-1", wakeReason: "issue_assigned", paperclipTaskMarkdown: "# Do the task" };
  /** Callbacks of hosts since they have dispatches and cancels, and those before. */
  const words: [string, readonly (keyof AdapterExecutionContext)[]][] = [
    ["all", ["signal", "onCancellationReady", "onDispatch", "onMeta", "authToken"]],
    ["the words that the types require", []],
  ];
  it.each(words)("a host that has %s runs its agent", async (_what, optional) => {
    const adapter = (await load(each)).createServerAdapter();
    const host = new TestHost({ config: { kubeconfig: allowedKubeconfig(api.kubeconfigFile()) }, context: wake });
    const { runId, agent, runtime, config, context, onLog } = host.context;
    const known = Object.fromEntries(optional.map((name) => [name, host.context[name]]));
    const result = await adapter.execute({ runId, agent, runtime, config, context, onLog, ...known });
    expect(result, host.ownLines).toMatchObject({ exitCode: 0, errorMessage: null, summary: "Done." });
    const [run] = api.runs;
    expect(run?.spec.prompt).toContain("# Do the task");
    const environment = Object.fromEntries((run?.spec.pod?.env ?? []).map(({ name, value }) => [name, value]));
    expect(environment).toMatchObject({ PAPERCLIP_TASK_ID: "issue-1", PAPERCLIP_WAKE_REASON: "issue_assigned" });
    expect("PAPERCLIP_API_KEY" in environment).toBe(optional.includes("authToken"));
  });
});

describe("with the release below the lowest", () => {
  it("its types do not fit, and it does not load: what it imports was not there yet", async () => {
    expect((await typeErrors(below)).join("\n")).toContain("DEFAULT_PAPERCLIP_CONVERSATION_PROMPT_TEMPLATE");
    await expect(loadInNode(below)).rejects.toThrow(/does not provide an export named/);
  });
});

it("the releases are what docs/adapter.md says", () => {
  expect([below, lowest, pinned].map(({ version }) => version)).toEqual([
    "2026.831.1",
    "2026.916.0-beta.0",
    "2026.916.1",
  ]);
});
