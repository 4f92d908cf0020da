/** Where `make check` enforces the prose rules. */

/** Pages are Markdown, messages are strings that people see. */
export type Kind = "pages" | "comments" | "messages";

export interface Scope {
  readonly kind: Kind;
  /** Folders or files, from the top of the repository. */
  readonly under: readonly string[];
  /** Below these the findings of before the check are not yet fixed: shorten the list, never extend it. */
  readonly pending?: readonly string[];
}

/** The aim is `.` without `pending` for each kind. */
export const enforced: readonly Scope[] = [
  {
    kind: "pages",
    under: ["."],
  },
  {
    kind: "comments",
    under: [
      "adapter",
      "bench",
      "charts",
      "cli",
      "client",
      "crds",
      "examples",
      "kube",
      "operator",
      "runner",
      "tools",
      "Makefile",
    ],
  },
  {
    kind: "messages",
    under: ["adapter", "bench", "charts", "cli", "client", "crds", "examples", "kube", "operator", "runner", "tools"],
  },
];

/** Recorded, generated or written by others. */
export const excluded: readonly string[] = ["package-lock.json", "test/recordings", "crds/clauderuns.yaml"];

/** Whether the rules hold for texts of this kind in this file. */
export function isIn({ under, pending = [] }: Scope, file: string): boolean {
  return isUnder(file, under) && !isUnder(file, pending);
}

/** Whether a file is one of these, or lies in one of these folders. */
export function isUnder(file: string, folders: readonly string[]): boolean {
  return folders.some((folder) => folder === "." || file === folder || file.startsWith(`${folder}/`));
}
