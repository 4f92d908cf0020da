/** How claude's process ended, in numbers and in words. */
import { constants } from "node:os";

/** Both absent: not known. */
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

/** The exit code that a shell would show: 128 + n for signal n. */
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
