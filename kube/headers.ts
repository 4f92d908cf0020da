/** Headers for authentication and impersonation. */
import { CredentialsError } from "./errors.ts";
import type { User } from "./types.ts";

export type Headers = Readonly<Record<string, string | readonly string[]>>;

/** Returns the headers of impersonation; empty without impersonation. */
export function impersonationHeaders(user: User): Record<string, string | string[]> {
  if (user.as === "") return {};
  const headers: Record<string, string | string[]> = { "impersonate-user": headerValue(user.as, "as") };
  if (user.asUid !== "") headers["impersonate-uid"] = headerValue(user.asUid, "as-uid");
  if (user.asGroups.length > 0)
    headers["impersonate-group"] = user.asGroups.map((each) => headerValue(each, "as-groups"));
  for (const [key, values] of Object.entries(user.asUserExtra)) {
    const name = `impersonate-extra-${escapeKey(key).toLowerCase()}`;
    const before = [headers[name] ?? []].flat();
    if (values.length > 0) headers[name] = [...before, ...values.map((each) => headerValue(each, "as-user-extra"))];
  }
  return headers;
}

/** Returns an Authorization header for a token. Throws CredentialsError for characters that a header cannot contain. */
export function bearer(token: string): string {
  return `Bearer ${headerValue(token, "token")}`;
}

/** Encodes as UTF-8 like Go, because node writes each character of a header as one byte. */
function headerValue(text: string, field: string): string {
  const bytes = Buffer.from(text, "utf8").toString("latin1");
  if (/[^\t\u0020-\u007e\u0080-\u00ff]/.test(bytes)) {
    throw new CredentialsError(
      `${field} of the user has a line break or another character that a header cannot contain`,
    );
  }
  return withoutOuterBlanks(bytes);
}

/** No regular expression: matching trailing blanks would be quadratic in long rows of blanks. */
function withoutOuterBlanks(bytes: string): string {
  const isBlank = (at: number): boolean => bytes[at] === " " || bytes[at] === "\t";
  let [start, end] = [0, bytes.length];
  while (start < end && isBlank(start)) start++;
  while (end > start && isBlank(end - 1)) end--;
  return bytes.slice(start, end);
}

/** Percent-encodes % and each byte that a header name must not contain. */
function escapeKey(key: string): string {
  return Array.from(Buffer.from(key, "utf8"), (byte) => {
    const character = String.fromCharCode(byte);
    if (/[!#$&'*+.^_`|~0-9A-Za-z-]/.test(character)) return character;
    return `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }).join("");
}
