/** Finds claude's session files: `projects/<any folder>/<session id>.jsonl` in its configuration directory. */
import { accessSync, constants, readdirSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** Returns $CLAUDE_CONFIG_DIR, or else .claude in the home directory. */
export function configDirectory(environment: NodeJS.ProcessEnv): string {
  return environment["CLAUDE_CONFIG_DIR"] ?? join(homeDirectory(environment), ".claude");
}

/** Returns $HOME, or else the system's home directory of the user. */
export function homeDirectory(environment: NodeJS.ProcessEnv): string {
  return environment["HOME"] ?? homedir();
}

/** Returns the session's file in any folder, as the CLI does; undefined if there is no readable file with content. */
export function findSessionFile(configDir: string, sessionId: string): string | undefined {
  // The id becomes part of a path, so only a plain name is allowed.
  if (!/^[\w-]{1,128}$/u.test(sessionId)) return undefined;
  const projects = join(configDir, "projects");
  return listDirectory(projects)
    .map((folder) => join(projects, folder, `${sessionId}.jsonl`))
    .find((path) => hasContent(path));
}

function listDirectory(path: string): string[] {
  try {
    return readdirSync(path).sort();
  } catch {
    return [];
  }
}

function hasContent(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    const stat = statSync(path);
    return stat.isFile() && stat.size > 0;
  } catch {
    return false;
  }
}
