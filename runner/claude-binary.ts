/** Finds the CLI and checks that this machine can run it, because the kernel's error is hard to understand. */
import { accessSync, closeSync, constants, openSync, readSync, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import { StartFailure } from "./failure.ts";

const elfMagic = Buffer.from([0x7f, 0x45, 0x4c, 0x46]);
const elfMachines: Readonly<Record<number, string>> = { 62: "x64", 183: "arm64" };
const commandNotFound = 127;
const installHint = "install the Claude Code CLI in the image (see Dockerfile.agent)";

/** Path of the first executable `claude` on PATH; throws StartFailure ClaudeMissing. */
export function findClaude(path: string | undefined): string {
  const candidates = (path ?? "").split(delimiter).map((directory) => join(directory, "claude"));
  const found = candidates.find(isExecutable);
  if (found === undefined) {
    const there = candidates.find((path) => statSync(path, { throwIfNoEntry: false })?.isFile() === true);
    if (there !== undefined)
      throw claudeMissing(`${there} is not executable for this user: chmod a+rx it in the image`);
    throw claudeMissing(`there is no executable claude on PATH (${path ?? "PATH is not set"}): ${installHint}`);
  }
  checkArchitecture(found);
  return found;
}

/** Returns the failure for a missing or broken claude. */
export function claudeMissing(message: string): StartFailure {
  return new StartFailure("ClaudeMissing", message, commandNotFound);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function checkArchitecture(path: string): void {
  const header = readHeader(path);
  if (header === undefined || header.subarray(0, 2).toString() === "#!") return;
  if (!header.subarray(0, 4).equals(elfMagic))
    throw claudeMissing(`${path} is not an executable program: ${installHint}`);
  const machine = elfMachines[header.readUInt16LE(18)];
  if (machine !== undefined && machine !== process.arch) {
    throw claudeMissing(
      `${path} is built for ${machine}, this node is ${process.arch}: ${installHint} for this architecture`,
    );
  }
}

function readHeader(path: string): Buffer | undefined {
  const header = Buffer.alloc(20);
  try {
    const fd = openSync(path, "r");
    readSync(fd, header, 0, header.length, 0);
    closeSync(fd);
    return header;
  } catch {
    // The kernel can run a file that is executable but not readable.
    return undefined;
  }
}
