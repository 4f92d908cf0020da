/** What can be said of the pages without a cluster: links lead somewhere, every command has somebody who runs it. */
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { configSchema } from "../../adapter/config-schema.ts";
import { anchorsOf, blocksOf, pages, proseOf, read } from "./pages.ts";
import { pagesRunAlone } from "./commands.ts";
import { checkout } from "./shell.ts";

const blocks = pages.flatMap(blocksOf).filter(({ language }) => language === "sh");

it("the list of commands that nobody runs is short, and each has its reason", () => {
  const list = blocks.flatMap(({ page, notRun }) => (notRun === undefined ? [] : [`${page}: ${notRun}`]));
  expect(list).toEqual([
    "README.md: make test is what runs this test, and the demo brings up what the tests use already",
    "docs/attempts.md: it takes the node away; test/e2e/node-lost.alone.long.cluster.test.ts loses one of kwok's",
    "docs/getting-started.md: needs Docker and a registry; test/cluster/cluster images builds the same two files",
    "docs/getting-started.md: needs Docker and kind",
  ]);
});

it("who is said to run a command exists", () => {
  const named = blocks.flatMap(({ runBy }) => (runBy === undefined ? [] : [runBy]));
  expect(named.filter((file) => !existsSync(join(checkout, file)))).toEqual([]);
});

it("commands stand in blocks marked as sh, so that none escapes", () => {
  const others = pages.flatMap(blocksOf).filter(({ language }) => language !== "sh");
  // A screen that a test makes shows the command that made it.
  const commands = others.filter(
    ({ text, runBy }) =>
      runBy === undefined && /^\s*(\$ )?(kubectl|helm|npm|npx|make|node|docker|kind|git) /m.test(text),
  );
  expect(commands.map(({ page, line }) => `${page}:${line}`)).toEqual([]);
  expect(pages.filter((page) => /^ +```/m.test(read(page)))).toEqual([]);
  expect(pagesRunAlone.filter((page) => !pages.includes(page))).toEqual([]);
});

describe.each(pages)("%s", (page) => {
  it("links to what exists", () => {
    const links = [
      ...proseOf(page)
        .replaceAll(/`[^`\n]*`/g, "")
        .matchAll(/\]\(([^)\s]+)\)/g),
    ].map(([, link = ""]) => link);
    const broken = links.filter((link) => {
      if (/^[a-z]+:/.test(link)) return false;
      const [path = "", anchor] = link.split("#");
      const target = path === "" ? page : join(dirname(page), path);
      if (!existsSync(join(checkout, target))) return true;
      return anchor !== undefined && !anchorsOf(target).has(anchor);
    });
    expect(broken).toEqual([]);
  });

  it("names files, scripts and make's targets that exist", () => {
    const inline = [...proseOf(page).matchAll(/`([^`\n]+)`/g)].map(([, code = ""]) => code);
    const scripts = Object.keys((JSON.parse(read("package.json")) as { scripts: object }).scripts);
    const targets = [...read("Makefile").matchAll(/^([a-z-]+):/gm)].map(([, target]) => target);
    const wrong = inline.filter((code) => {
      const file =
        /^(?:node )?((?:\.ci|adapter|bench|charts|cli|crds|docs|examples|operator|runner|test|tools)\/[\w./-]+)$/.exec(
          code,
        )?.[1];
      if (file !== undefined) return !exists(file);
      const script = /^npm run (?:--silent )?([\w:-]+)/.exec(code)?.[1];
      if (script !== undefined) return !scripts.includes(script);
      const target = /^make ([\w-]+)$/.exec(code)?.[1];
      return target !== undefined && !targets.includes(target);
    });
    expect(wrong).toEqual([]);
  });
});

/** A file or directory, built ones aside; a test may be named without what follows its name. */
function exists(file: string): boolean {
  const directory = join(checkout, dirname(file));
  if (existsSync(join(checkout, file)) || file.includes("/dist")) return true;
  return (
    existsSync(directory) && readdirSync(directory).some((name) => name.startsWith(`${file.split("/").at(-1) ?? ""}.`))
  );
}

describe("docs/README.md", () => {
  const index = read("docs/README.md");

  it.each(pages.filter((page) => page.startsWith("docs/") && page !== "docs/README.md"))("has a line of %s", (page) => {
    expect(index).toContain(`](${page.slice("docs/".length)})`);
  });

  it.each(readdirSync(join(checkout, "examples")))("has a line of the example %s", (name) => {
    expect(index).toContain(`](../examples/${name})`);
  });
});

describe("docs/moving-from-claude-k8s.md", () => {
  const page = read("docs/moving-from-claude-k8s.md");
  /** Keys of paperclip-adapter-claude-k8s 0.2.5 and of its fork, the host's own among them. */
  const theirs =
    `model effort maxTurnsPerRun dangerouslySkipPermissions instructionsFilePath extraArgs env promptTemplate
    bootstrapPromptTemplate cwd namespace image imagePullPolicy kubeconfig serviceAccountName resources.requests.cpu
    resources.requests.memory resources.limits.cpu resources.limits.memory nodeSelector tolerations labels
    ttlSecondsAfterFinished retainJobs timeoutSec graceSec secretRef reattachOrphanedJobs enableRtk rtkMaxOutputBytes
    mcpServers enableDocker dockerImage dockerCpuLimit dockerMemoryLimit providers.anthropic.accounts workspaceVolumeClaim
    workspaceMountPath secretsNamespace podScheduleTimeoutSec podStartTimeoutSec claudeCodeVersion isolationMode
    isolationKey isolationRoot homeRoot sessionRoot workspaceRoot cacheRoot tmpRoot promptCacheRoot`.split(/\s+/);
  const settings = readFileSync(join(checkout, "adapter/spec/settings.ts"), "utf8");
  const rows = [...page.matchAll(/^\| (`.+?`) +\| (\w+)/gm)].flatMap(([, keys = "", fate = ""]) =>
    [...keys.matchAll(/`([^`]+)`/g)].map(([, key = ""]) => [key, fate] as const),
  );
  const fates = new Map(rows);

  it("says what becomes of each key, once", () => {
    expect(rows.map(([key]) => key).toSorted()).toEqual([...new Set(rows.map(([key]) => key))].toSorted());
    expect(theirs.filter((key) => !fates.has(key))).toEqual([]);
  });

  it("says kept, changed or new of the keys that the adapter reads, and gone of the others", () => {
    const reads = (key: string): boolean => key.startsWith("resources.") || settings.includes(`"${key}"`);
    const wrong = rows.filter(([key, fate]) => ["kept", "changed", "new"].includes(fate) !== reads(key));
    expect(wrong).toEqual([]);
    expect(rows.filter(([, fate]) => fate === "new").filter(([key]) => theirs.includes(key))).toEqual([]);
    expect(new Set(rows.map(([, fate]) => fate))).toEqual(new Set(["kept", "changed", "new", "gone"]));
  });

  it("knows every key of the form", () => {
    expect(configSchema.fields.map(({ key }) => key).filter((key) => !fates.has(key))).toEqual([]);
  });
});
