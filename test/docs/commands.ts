/** Running a page's commands as a reader would: in order, in one shell's directory, names in capitals replaced. */
import { expect } from "vitest";
import { command } from "../command.ts";
import { agentImage, operatorNamespace, release } from "../install.ts";
import { blocksOf, type Inline } from "./pages.ts";
import type { Shell } from "./shell.ts";

/** Pages whose commands install, upgrade or remove the operator: one after the other, when nothing else runs. */
export const pagesRunAlone: readonly string[] = ["docs/getting-started.md", "docs/operations.md"];

/** What a reader puts in the place of a name in capitals. */
async function placeholders(): Promise<Map<string, string>> {
  const address = ["get", "-n", "fake-api", "service/fake-api", "-o", "jsonpath={.spec.clusterIP}"];
  const api = await command(["kubectl", ...address], "", {});
  return new Map([
    ["REGISTRY/operator:TAG", "localhost/claude-run/operator:dev"],
    ["REGISTRY/agent:TAG", agentImage],
    // A key, and where it is good: as behind a gateway.
    ["YOUR_KEY", `sk-test-not-real --from-literal=ANTHROPIC_BASE_URL=http://${api}`],
    ["SERVER_NAMESPACE", "default"],
    ["SERVER_ACCOUNT", "default"],
    ["RECORDING", "test/recordings/a-simple-success.jsonl"],
    ["NAMESPACE", operatorNamespace],
    ["RELEASE", release],
  ]);
}

/** Runs what stands in sentences, with `more` in the place of more names in capitals. */
export async function runInline(
  commands: readonly Inline[],
  shell: Shell,
  more: Readonly<Record<string, string>>,
): Promise<void> {
  const replace = replacing(new Map([...(await placeholders()), ...Object.entries(more)]));
  for (const { page, text } of commands) {
    // The shell of these commands has no source.
    const { code, output } = await shell.run(replace(text).replace(/ \| source$/, ""));
    expect(code, `${page}: ${text}\n${output}`).toBe(0);
  }
}

function replacing(names: ReadonlyMap<string, string>): (text: string) => string {
  const pattern = new RegExp([...names.keys()].map((name) => `(?<![\\w-])${name}(?![\\w-])`).join("|"), "g");
  return (text) => text.replaceAll(pattern, (name) => names.get(name) ?? name);
}

/** Runs the page's blocks; the first that ends badly, or prints what the page does not say, fails the test. */
export async function runPage(page: string, shell: Shell): Promise<number> {
  const replace = replacing(await placeholders());
  const blocks = blocksOf(page).filter(
    ({ language, notRun, runBy }) => language === "sh" && notRun === undefined && runBy === undefined,
  );
  for (const { line, text, prints } of blocks) {
    const { code, output } = await shell.run(replace(text));
    expect(code, `${page}:${line}\n${text}\n${output}`).toBe(0);
    if (prints !== undefined) expect(isLike(output, prints), `${page}:${line} prints\n${output}`).toBe(true);
  }
  return blocks.length;
}

/** Whether a page's words tell what a command printed, but for times, counts, ids and what its … leave out. */
export function isLike(output: string, prints: string): boolean {
  return like(prints).test(shape(output));
}

/** What stays the same from one run to the next: no times, counts, ids and widths of columns. */
function shape(output: string): string {
  return output
    .replaceAll(/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]+\b/g, "ID")
    .replaceAll(/-[0-9a-f]{8,10}-([0-9]+-)?[a-z0-9]{5}(_[0-9]+)?\b/g, "-ID")
    .replaceAll(/\b([0-9]+[dhms])+\b/g, "0")
    .replaceAll(/[0-9]+/g, "0")
    .split("\n")
    .map((line) => line.replaceAll(/\s+/g, " ").trim())
    .join("\n")
    .trim();
}

/** The page's words as a pattern; a line of … stands for any lines, a … in a line for any words. */
function like(prints: string): RegExp {
  const escaped = shape(prints).replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${escaped.replaceAll(/^…$/gm, "[^]*").replaceAll("…", ".*")}$`);
}
