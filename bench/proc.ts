/** What /proc tells: memory of a process, and who had the processor for how long. */
import { existsSync, readFileSync } from "node:fs";

/** The kernel counts in hundredths of a second wherever Node runs. */
const msPerTick = 10;
const bytesPerKiB = 1024;

/** Processor time of a process, all threads, in milliseconds. */
export function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // the name in parentheses may hold spaces
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * msPerTick;
}

/** Resident memory now and at its highest, in bytes. */
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

/** A process worth naming. */
export interface Named {
  readonly name: string;
  readonly pid: number;
}

/** Processor time by name, at a moment. */
export type Usage = ReadonlyMap<string, number>;

const everything = "everything";
/** Whatever is neither ours nor the cluster's: other work on the machine, and the kernel. */
export const others = "others";

export function usageOf(processes: readonly Named[]): Usage {
  const alive = processes.filter(({ pid }) => existsSync(`/proc/${pid}/stat`));
  return new Map([[everything, machineBusyMs()], ...alive.map(({ name, pid }) => [name, cpuMs(pid)] as const)]);
}

/** What each used between two moments, most first, and what others did. */
export function usageBetween(before: Usage, after: Usage): [name: string, ms: number][] {
  const used = [...after].map(([name, ms]): [string, number] => [name, ms - (before.get(name) ?? 0)]);
  const named = used.filter(([name]) => name !== everything);
  const all = used.find(([name]) => name === everything)?.[1] ?? 0;
  const rest = all - named.reduce((sum, [, ms]) => sum + ms, 0);
  return [...named.sort((a, b) => b[1] - a[1]), [others, Math.max(0, rest)]];
}
