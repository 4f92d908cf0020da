/**
 * Reads the kubeconfigs that an agent's configuration may name. Users who edit agents do not own the server. So only
 * files in one directory are read, and a kubeconfig there may neither run programs nor read other files.
 */
import { closeSync, constants, fstatSync, openSync, readSync, realpathSync } from "node:fs";
import { join, sep } from "node:path";
import { ConfigError } from "../spec/values.ts";

/** Environment variable with the directory. Without it, agents use the server's own connection. */
export const directoryVariable = "CLAUDERUN_KUBECONFIG_DIR";

const maxBytes = 1_048_576;
const bareName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

/** Returns the text of a kubeconfig in that directory. Throws ConfigError, which quotes no file. */
export function readKubeconfig(name: string, environment: NodeJS.ProcessEnv = process.env): string {
  const directory = environment[directoryVariable];
  if (directory === undefined || directory === "") {
    throw new ConfigError(
      `kubeconfig is not allowed on this server (${directoryVariable} is not set): leave the key empty`,
    );
  }
  if (!bareName.test(name)) {
    throw new ConfigError(`kubeconfig must be the name of a file in the server's ${directoryVariable}, not a path`);
  }
  try {
    return textOf(fileWithin(directory, name));
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    const { code = "unknown" } = error as NodeJS.ErrnoException;
    throw new ConfigError(`kubeconfig ${name} cannot be read in the server's ${directoryVariable} (${code})`);
  }
}

/** Returns the file's real path. Links of a mounted Secret are allowed, but none may leave the directory. */
function fileWithin(directory: string, name: string): string {
  const root = realpathSync(directory);
  const real = realpathSync(join(root, name));
  if (!real.startsWith(root + sep))
    throw new ConfigError(`kubeconfig ${name} is a link to a file outside the directory`);
  return real;
}

function textOf(path: string): string {
  // Non-blocking, because the open of a named pipe would wait for a writer.
  const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const found = fstatSync(file);
    if (!found.isFile()) throw new ConfigError("kubeconfig must name a regular file");
    if (found.size > maxBytes) throw new ConfigError(`kubeconfig has ${found.size} bytes; allowed: ${maxBytes}`);
    const bytes = Buffer.alloc(found.size);
    return bytes.toString("utf8", 0, readSync(file, bytes, 0, bytes.length, 0));
  } finally {
    closeSync(file);
  }
}
