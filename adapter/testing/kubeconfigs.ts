/** Puts kubeconfigs into the directory that the server's environment allows. */
import { copyFileSync, mkdtempSync } from "node:fs";
import { randomUUID } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { directoryVariable } from "../kubernetes/kubeconfig-directory.ts";

/** Copies this file into the directory, and returns its name there. */
export function allowedKubeconfig(path: string): string {
  const directory = (process.env[directoryVariable] ??= mkdtempSync(join(tmpdir(), "kubeconfigs-")));
  const name = randomUUID();
  copyFileSync(path, join(directory, name));
  return name;
}
