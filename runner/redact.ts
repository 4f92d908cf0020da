/** Keeps the values of secret environment variables out of everything that the runner says itself. */

const secretName = /KEY|TOKEN|SECRET|PASSWORD|CREDENTIAL/iu;
/** Shorter values would redact ordinary words. */
const minimumCharacters = 8;
const replacement = "[redacted]";

/** Replaces the values of variables whose name looks secret; lines of multi-line values (private keys) one by one. */
export function redactor(environment: Readonly<Record<string, string | undefined>>): (text: string) => string {
  const values = new Set<string>();
  for (const [name, value] of Object.entries(environment)) {
    if (!secretName.test(name) || value === undefined) continue;
    for (const part of [value, value.trim(), ...value.split(/\r?\n/u)]) {
      if (part.length >= minimumCharacters) values.add(part);
    }
  }
  // The longest first: a value may contain another one.
  const secrets = [...values].sort((a, b) => b.length - a.length);
  return (text) => secrets.reduce((rest, secret) => rest.replaceAll(secret, replacement), text);
}
