/** Control and invisible characters, which agents, registries and users can write into runs, Events and logs. */
const isAscii = /^[ -~\n]*$/;
/**
 * Escape sequences of ECMA-48: strings up to their terminator (titles, links, clipboard), control sequences (colours,
 * the cursor), and all others. No sequence begins inside a string, so the expression reads each character once. The
 * stripVTControlCharacters of node:util is quadratic.
 */
const escapeSequence =
  /(?:\u001b[\]PX^_]|[\u0090\u0098\u009d-\u009f])[^\u0007\u001b\u0080-\u009f]*(?:\u0007|\u001b\\|\u009c)|(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]|\u001b[ -/]*[0-~]/g;
/**
 * Controls (C0, DEL, C1), format characters (bidi, zero width, tags), invisible fillers, line and paragraph separators,
 * halves of surrogate pairs. Newlines and the joiners of emoji are kept.
 */
const hidden =
  /(?!\n|(?<=\p{Emoji})\ufe0f|(?<=[\p{Extended_Pictographic}\p{Emoji_Modifier}\ufe0f])\u200d(?=\p{Extended_Pictographic}))[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;
/** The same without exceptions for emoji, because an escape in JSON keeps the value. */
const hiddenInJson = /(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;
const surrogate = /\p{Cs}/u;

/** Removes escape sequences and hidden characters. Tabs become spaces, newlines stay, half a pair becomes U+FFFD. */
export function visible(text: string): string {
  if (isAscii.test(text)) return text;
  return text
    .replace(escapeSequence, "")
    .replaceAll("\t", "    ")
    .replace(hidden, (found) => (surrogate.test(found) ? "\ufffd" : ""));
}

/** Does the same, and joins all lines. */
export function visibleLine(text: string): string {
  const shown = visible(text);
  if (!shown.includes("\n")) return shown;
  return shown
    .split("\n")
    .map((row, at) => (at === 0 ? row.trimEnd() : row.trim()))
    .join(" ");
}

/** Returns true if the text has no hidden characters and is one line. */
export function isVisible(text: string): boolean {
  return visibleLine(text) === text;
}

/** Returns JSON of the same value, with hidden characters as \uXXXX. */
export function withEscapes(json: string): string {
  const escapeOf = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return replaceHidden(json, (character) => character.split("").map(escapeOf).join(""));
}

/** Replaces each hidden character; newlines stay. */
export function replaceHidden(text: string, replacement: (character: string) => string): string {
  return isAscii.test(text) ? text : text.replace(hiddenInJson, replacement);
}
