/** Reads other processes from /proc. */
import { readdirSync, readFileSync } from "node:fs";

/** True if a member of the process group still runs. */
export function hasLiveMember(group: number): boolean {
  return processIds().some((pid) => {
    const [state, , memberOf] = statFields(pid);
    return memberOf === `${group}` && isRunning(state);
  });
}

/** True for the first process of a container, whose parent is outside of /proc. */
export function isFirstOfContainer(): boolean {
  return process.ppid === 0;
}

/** Returns other running processes of this container, by cgroup, because containers of a pod may share processes. */
export function othersInContainer(): number[] {
  const own = read("self", "cgroup");
  if (own === "") return [];
  const others = processIds().filter((pid) => pid !== process.pid && read(pid, "cgroup") === own);
  return others.filter((pid) => isRunning(statFields(pid)[0]));
}

function processIds(): number[] {
  return readdirSync("/proc").flatMap((name) => (/^\d+$/u.test(name) ? [Number(name)] : []));
}

/** False for zombies, which still accept signals. */
function isRunning(state: string | undefined): boolean {
  return state !== undefined && state !== "Z" && state !== "X";
}

/** Returns the fields after the command's name, which may contain spaces and parentheses. */
function statFields(pid: number): string[] {
  const stat = read(pid, "stat");
  return stat === "" ? [] : stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

function read(pid: number | "self", file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    // It has ended.
    return "";
  }
}
