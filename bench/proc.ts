/** Reads memory and CPU time of processes from /proc. */
import { existsSync, readFileSync } from "node:fs";

/** The kernel counts in hundredths of a second on all platforms of Node. */
const msPerTick = 10;
const bytesPerKiB = 1024;

/** Processor time of a process, all threads, in milliseconds. */
export function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // the name in parentheses may contain spaces
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * msPerTick;
}

/** Returns resident memory and its peak in bytes. */
export function memory(pid: number): { nowBytes: number; peakBytes: number } {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const bytes = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1]) * bytesPerKiB;
  return { nowBytes: bytes("VmRSS"), peakBytes: bytes("VmHWM") };
}

/** Busy processor time of the whole machine, in milliseconds. */
function machineBusyMs(): number {
  const [, user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = readFileSync("/proc/stat", "utf8")
    .split("\n", 1)[0]
    ?.split(/\s+/)
    .map(Number) ?? [0];
  return (user + nice + system + irq + softirq) * msPerTick;
}

/** A process with a name for the report. */
export interface Named {
  readonly name: string;
  readonly pid: number;
}

/** CPU time in milliseconds by name. */
export type Usage = ReadonlyMap<string, number>;

const everything = "everything";
/** CPU time outside of the named processes: other work on the machine, and the kernel. */
export const others = "others";

export function usageOf(processes: readonly Named[]): Usage {
  const alive = processes.filter(({ pid }) => existsSync(`/proc/${pid}/stat`));
  return new Map([[everything, machineBusyMs()], ...alive.map(({ name, pid }) => [name, cpuMs(pid)] as const)]);
}

/** Returns the CPU time of each process between two samples, highest first, and of others. */
export function usageBetween(before: Usage, after: Usage): [name: string, ms: number][] {
  const used = [...after].map(([name, ms]): [string, number] => [name, ms - (before.get(name) ?? 0)]);
  const named = used.filter(([name]) => name !== everything);
  const all = used.find(([name]) => name === everything)?.[1] ?? 0;
  const rest = all - named.reduce((sum, [, ms]) => sum + ms, 0);
  return [...named.sort((a, b) => b[1] - a[1]), [others, Math.max(0, rest)]];
}
