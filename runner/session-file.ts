/** Finds claude's session files: `projects/<any folder>/<session id>.jsonl` below its configuration directory. */
import { readdirSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** $CLAUDE_CONFIG_DIR, else .claude in the home directory. */
export function configDirectory(environment: NodeJS.ProcessEnv): string {
  return environment["CLAUDE_CONFIG_DIR"] ?? join(homeDirectory(environment), ".claude");
}

/** $HOME, else what the system knows of the user. */
export function homeDirectory(environment: NodeJS.ProcessEnv): string {
  return environment["HOME"] ?? homedir();
}

/** The session's file, whatever folder it lies in (the CLI looks the same way); undefined if there is none with content. */
export function findSessionFile(configDir: string, sessionId: string): string | undefined {
  // The id becomes part of a path: anything but a plain name is no session.
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
    const stat = statSync(path);
    return stat.isFile() && stat.size > 0;
  } catch {
    return false;
  }
}
