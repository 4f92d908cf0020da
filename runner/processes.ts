/** What /proc says about the processes beside this one. */
import { readdirSync, readFileSync } from "node:fs";

/** True if a member of the process group still runs. */
export function hasLiveMember(group: number): boolean {
  return processIds().some((pid) => {
    const [state, , memberOf] = statFields(pid);
    return memberOf === `${group}` && isRunning(state);
  });
}

/** True for the process that a container was started with: its parent lives outside of what /proc shows. */
export function isFirstOfContainer(): boolean {
  return process.ppid === 0;
}

/** The others that run in this container; by their cgroup, because the pod's containers see each other's processes. */
export function othersInContainer(): number[] {
  const own = read("self", "cgroup");
  if (own === "") return [];
  const others = processIds().filter((pid) => pid !== process.pid && read(pid, "cgroup") === own);
  return others.filter((pid) => isRunning(statFields(pid)[0]));
}

function processIds(): number[] {
  return readdirSync("/proc").flatMap((name) => (/^\d+$/u.test(name) ? [Number(name)] : []));
}

/** A zombie takes signals, too, until somebody waits for it; but it does nothing any more. */
function isRunning(state: string | undefined): boolean {
  return state !== undefined && state !== "Z" && state !== "X";
}

/** The fields after the command's name, which may itself contain blanks and brackets. */
function statFields(pid: number): string[] {
  const stat = read(pid, "stat");
  return stat === "" ? [] : stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

function read(pid: number | "self", file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    // It ended in between.
    return "";
  }
}
