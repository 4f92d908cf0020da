/** Runs Vale over texts. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Kind } from "./scopes.ts";
import type { Text, TextLine } from "./text.ts";

export interface Finding {
  readonly file: string;
  readonly line: number;
  readonly kind: Kind;
  readonly rule: string;
  readonly message: string;
}

/** The part of Vale's JSON that is read here: alerts by file. */
type Alerts = Readonly<Record<string, readonly { Check: string; Line: number; Message: string }[]>>;

const extensions: Readonly<Record<Kind, string>> = { pages: "md", comments: "comments.txt", messages: "messages.txt" };

/** Returns the findings in the texts of each file. Builds Vale if it is missing. */
export function runVale(textsByFile: ReadonlyMap<string, readonly Text[]>): Finding[] {
  const directory = mkdtempSync(join(tmpdir(), "claude-run-prose-"));
  try {
    const inputs = new Map<string, Input>();
    for (const [file, texts] of textsByFile) {
      for (const { kind, lines } of texts) {
        // A file for each text: in one file the sentences of two comments without a period would be one.
        const path = join(directory, `${inputs.size}.${extensions[kind]}`);
        writeFileSync(path, lines.map(({ text }) => `${text}\n`).join(""));
        inputs.set(path, { file, kind, lines });
      }
    }
    return inputs.size === 0 ? [] : findingsOf(alertsIn(directory), inputs);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

interface Input {
  readonly file: string;
  readonly kind: Kind;
  readonly lines: readonly TextLine[];
}

function alertsIn(directory: string): Alerts {
  const options = ["--no-global", "--no-exit", "--output=JSON", `--config=${join(import.meta.dirname, "vale.ini")}`];
  const { stdout, status, error } = spawnSync(join(import.meta.dirname, "vale"), [...options, directory], {
    encoding: "utf8",
    maxBuffer: 256 << 20,
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (status !== 0) throw new Error(`Vale failed (exit code ${status ?? "none"}): ${stdout.trim()}`, { cause: error });
  return JSON.parse(stdout) as Alerts;
}

function findingsOf(alerts: Alerts, inputs: ReadonlyMap<string, Input>): Finding[] {
  return Object.entries(alerts).flatMap(([path, list]) => {
    const input = inputs.get(path);
    if (input === undefined) throw new Error(`Vale names a file that it did not get: ${path}`);
    const { file, kind, lines } = input;
    return list.map(({ Check: rule, Line, Message: message }) => {
      return { file, kind, line: lines[Line - 1]?.line ?? 1, rule, message };
    });
  });
}
