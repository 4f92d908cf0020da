/** auth-provider of a user. kubectl removed all except oidc, whose id-token is used while it is valid. */
import { CredentialsError } from "./errors.ts";
import { bearer } from "./headers.ts";
import type { AuthProvider } from "./types.ts";

const successors: Readonly<Record<string, string>> = { gcp: "gke-gcloud-auth-plugin", azure: "kubelogin" };

/** Returns the Authorization header. Throws CredentialsError for any other provider and for an expired token. */
export function authorizationByProvider({ name, config }: AuthProvider, subject: string): string {
  if (name !== "oidc") {
    const successor = Object.hasOwn(successors, name) ? ` (${successors[name] ?? ""})` : "";
    throw new CredentialsError(
      `${subject} has an auth-provider that was removed: use a credential plugin in exec${successor}`,
    );
  }
  const token = config["id-token"] ?? "";
  if (token === "" || isExpired(token)) {
    throw new CredentialsError(
      `${subject} has an oidc auth-provider without a valid id-token: log in again with kubectl`,
    );
  }
  return bearer(token);
}

function isExpired(token: string): boolean {
  try {
    const claims = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as {
      exp?: unknown;
    } | null;
    return typeof claims?.exp !== "number" || claims.exp * 1_000 <= Date.now();
  } catch {
    return true;
  }
}
