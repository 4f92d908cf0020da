/** Commands to paste. Each word is quoted for a POSIX shell, so that no value can change the command. */
import { isVisible } from "./terminal/hidden.ts";

/** A command, word by word. */
export type Command = readonly string[];

/** Returns `kubectl claude COMMAND` with these flags. */
export function commandOf(flags: Command, name: string, ...words: Command): Command {
  return ["kubectl", "claude", name, ...flags, ...words];
}

/** Returns the command as a shell line. */
export function commandLine(command: Command): string {
  return command.map(quote).join(" ");
}

/** Returns true if the command has no hidden characters, so that the shell runs the visible text. */
export function isSafeToShow(command: Command): boolean {
  return command.every(isVisible);
}

/** Returns flags with their values, joined with "=" if the value looks like a flag. */
export function flagsOf(values: readonly (readonly [flag: string, value: string])[]): Command {
  return values.flatMap(([flag, value]) => {
    if (!value.startsWith("-")) return [flag, value];
    return [flag.startsWith("--") ? `${flag}=${value}` : `${flag}${value}`];
  });
}

function quote(word: string): string {
  // zsh expands a word that begins with "=".
  if (/^[A-Za-z0-9_./:@%+,-][A-Za-z0-9_./:@%+,=-]*$/.test(word)) return word;
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
