/** How claude's process ended, as numbers and as text. */
import { constants } from "node:os";

/** Unknown if both fields are absent. */
export interface Ending {
  readonly exitCode?: number;
  /** "SIGTERM" and so on, if a signal ended it. */
  readonly signal?: string;
}

/** "exit code 143 (SIGTERM)", "signal SIGKILL" or "an unknown exit code". */
export function describeEnding(ending: Ending): string {
  if (ending.signal !== undefined) return `signal ${ending.signal}`;
  if (ending.exitCode === undefined) return "an unknown exit code";
  const signal = ending.exitCode > 128 ? signalName(ending.exitCode - 128) : undefined;
  return `exit code ${ending.exitCode}${signal === undefined ? "" : ` (${signal})`}`;
}

const meanings: Readonly<Record<string, string>> = {
  SIGILL: "an illegal instruction: the node's CPU lacks one that claude needs, such as AVX",
  SIGBUS: "a bus error: a mapped file was truncated, or disk or memory is full or broken",
  SIGSEGV: "a segmentation fault: a crash of claude; try another version",
  SIGABRT: "claude aborted, often because of low memory",
  SIGTRAP: "a trap: a crash of claude, often because of low memory; try another version",
  SIGFPE: "an arithmetic fault: a crash of claude; try another version",
  SIGSYS: "a system call that the seccomp profile forbids",
  126: "the program cannot be executed: check its mode and CPU architecture",
  127: "a program was not found: check claude's interpreter and libraries in the image",
};

/** Returns an explanation such as " (an illegal instruction: …)"; empty for well-known endings. */
export function meaningOfEnding({ exitCode, signal }: Ending): string {
  const name = signal ?? (exitCode !== undefined && exitCode > 128 ? signalName(exitCode - 128) : `${exitCode ?? ""}`);
  const meaning = meanings[name ?? ""];
  return meaning === undefined ? "" : ` (${meaning})`;
}

/** Returns the exit code that a shell would show: 128 + n for signal n. */
export function shellExitCode(ending: Ending): number {
  if (ending.signal === undefined) return ending.exitCode ?? 1;
  return 128 + (signalNumber(ending.signal) ?? 0);
}

/** "SIGKILL" for 9; undefined if there is no such signal. */
export function signalName(number: number): string | undefined {
  return Object.entries(constants.signals).find(([, value]) => value === number)?.[0];
}

/** 9 for "SIGKILL"; undefined if there is no such signal. */
export function signalNumber(name: string): number | undefined {
  return Object.entries(constants.signals).find(([key]) => key === name)?.[1];
}
