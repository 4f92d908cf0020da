/** The chart as helm renders it. helm comes from `test/cluster/cluster build helm`; `cluster run` has it on PATH. */
import { fileURLToPath } from "node:url";
import { parseAllDocuments } from "yaml";
import { command } from "../command.ts";

export const chart = fileURLToPath(new URL("../../charts/claude-run-operator", import.meta.url));

/** Values as in a values file, by their nesting. */
export type Values = Readonly<Record<string, unknown>>;

/** What is asked of a rendered object. */
export interface Rendered {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

export interface RenderOptions {
  readonly isUpgrade?: boolean;
  readonly kubeVersion?: string;
  readonly release?: string;
  readonly namespace?: string;
}

/** The objects that the chart makes of these values, beside its defaults. */
export async function render(values: Values, options: RenderOptions = {}): Promise<Rendered[]> {
  const text = await helm(values, ["template", ...where(options), ...(options.isUpgrade ? ["--is-upgrade"] : [])]);
  return parseAllDocuments(text)
    .map((document) => document.toJS() as Rendered | null)
    .filter((object) => object !== null);
}

/** What helm says to values that the chart refuses. */
export async function rejection(values: Values, options: RenderOptions = {}): Promise<string> {
  try {
    await render(values, options);
  } catch (error) {
    return (error as { stderr?: string }).stderr ?? String(error);
  }
  throw new Error("the chart took what it should have refused");
}

/** What helm shows after an install with these values. */
export async function notes(values: Values): Promise<string> {
  const shown = await helm(values, ["install", ...where({}), "--dry-run=client", "--take-ownership"]);
  return shown.slice(shown.indexOf("\nNOTES:"));
}

function where({ release = "claude-run", namespace = "claude-run-system", kubeVersion }: RenderOptions): string[] {
  return [
    release,
    chart,
    "--namespace",
    namespace,
    ...(kubeVersion === undefined ? [] : ["--kube-version", kubeVersion]),
  ];
}

function helm(values: Values, args: string[]): Promise<string> {
  const options = { timeout: 60_000, maxBuffer: 16 * 1024 * 1024 };
  return command(["helm", ...args, "--values", "-"], JSON.stringify(values), options);
}
