/** Removes values of secret environment variables from all texts of the runner. */
import { existsSync } from "node:fs";

type Environment = Readonly<Record<string, string | undefined>>;
type Redact = (text: string) => string;

const secretName =
  /KEY|TOKEN|SECRET|PASS|PWD|CREDENTIAL|AUTH|DSN|COOKIE|PRIVATE|SIGNATURE|CUSTOM_HEADERS|CONN(?:ECTION)?_?STR/iu;
/** Well-known variables of shells and images that are never secret. */
const publicName =
  /^(?:PWD|OLDPWD|PATH|HOME|HOSTNAME|USER|LOGNAME|SHELL|SHLVL|TERM|TZ|LANG|LC_\w{1,40}|_|(?:NODE|YARN|NPM|PYTHON|GO|JAVA)_VERSION)$|_(?:REGION|MODEL|SERVICE_HOST|SERVICE_PORT)$|^ANTHROPIC_BASE_URL$/u;
/** `scheme://user:password@host`. */
const userinfo = /^[a-z][\w+.-]{0,30}:\/\/(?<userinfo>[^/?#\s]{1,4096})@/iu;
/** `Password=…;` of a connection string, `?token=…` of a URL. */
const assignment =
  /(?:password|passwd|pwd|secret|token|accountkey|sharedaccesskey|api_?key|sig)=(?<value>[^;&\s"']{1,4096})/giu;
/** Redacting shorter values would hit ordinary words. */
const minimumCharacters = 8;
const maxValueCharacters = 64 * 1024;
const replacement = "[redacted]";

/**
 * Returns a function that replaces values of variables with secret-looking names, and passwords in URLs and connection
 * strings of all variables. With `publicNames` (variables with values in the spec) all other variables count as secret.
 */
export function redactor(environment: Environment, publicNames?: readonly string[]): Redact {
  const values = new Set<string>();
  for (const [name, value] of Object.entries(environment)) {
    if (value === undefined) continue;
    const found = isSecret(name, value, publicNames) ? partsOf(value) : passwordsIn(value);
    for (const part of found.flatMap(formsOf)) if (part.length >= minimumCharacters) values.add(part);
  }
  // Longest first, because a value may contain another one.
  const secrets = [...values].sort((a, b) => b.length - a.length);
  return (text) => secrets.reduce((rest, secret) => rest.replaceAll(secret, replacement), text);
}

function isSecret(name: string, value: string, publicNames: readonly string[] | undefined): boolean {
  if (publicName.test(name)) return false;
  if (secretName.test(name)) return true;
  // Paths are variables of the image, such as JAVA_HOME.
  return publicNames !== undefined && !publicNames.includes(name) && !isPath(value);
}

function isPath(value: string): boolean {
  return value.startsWith("/") && value.split(":", 16).every((path) => existsSync(path));
}

/** Returns the value, its lines (for private keys) and the values of headers. */
function partsOf(value: string): string[] {
  const whole = value.slice(0, maxValueCharacters);
  const lines = whole.split(/\r?\n/u);
  const headers = lines.map((line) => line.slice(line.indexOf(":") + 1).trim());
  return [whole, whole.trim(), ...lines, ...headers, ...headers.map(withoutScheme), ...passwordsIn(whole)];
}

/** Returns "abc" for "Bearer abc". */
function withoutScheme(header: string): string {
  return header.replace(/^(?:Bearer|Basic|Token) /iu, "");
}

function passwordsIn(value: string): string[] {
  const whole = value.slice(0, maxValueCharacters);
  const named = [...whole.matchAll(assignment)].map((match) => match.groups?.["value"] ?? "");
  const user = userinfo.exec(whole)?.groups?.["userinfo"];
  if (user === undefined) return named;
  const password = user.slice(user.indexOf(":") + 1);
  return [...named, user, password, decodePercent(password)];
}

function decodePercent(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Returns the value unchanged, escaped for JSON and encoded for URLs. */
function formsOf(value: string): string[] {
  const text = value.toWellFormed();
  return [value, JSON.stringify(value).slice(1, -1), encodeURIComponent(text)];
}
