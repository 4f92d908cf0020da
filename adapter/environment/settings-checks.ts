/** Checks of the settings that need no request. */
import type { Settings } from "../spec/settings.ts";
import { failed, warning, type Check } from "../../client/checks/check.ts";

/** Reports the image of the runs. */
export function checkImage({ pod }: Settings): Check {
  return pod.image === undefined
    ? { code: "k8s_image_default", level: "info", message: "Runs use the operator's run.image." }
    : {
        code: "k8s_image_configured",
        level: "info",
        message: `Image ${pod.image} is set; the first run will show whether it can be pulled.`,
      };
}

/** Checks that claude will have credentials. */
export function checkCredentials({ credentialsSecretName, environment }: Settings): Check {
  const known = [
    "ANTHROPIC_API_KEY",
    "CLAUDE_CODE_OAUTH_TOKEN",
    "ANTHROPIC_AUTH_TOKEN",
    "CLAUDE_CODE_USE_BEDROCK",
    "CLAUDE_CODE_USE_VERTEX",
  ];
  const found = known.find((name) => environment[name] !== undefined);
  if (found !== undefined)
    return { code: "claude_credentials_env", level: "info", message: `Credentials are in env: ${found}.` };
  if (credentialsSecretName !== undefined) {
    return {
      code: "claude_credentials_secret",
      level: "info",
      message: `The keys of Secret ${credentialsSecretName} become environment variables; the adapter does not read it.`,
    };
  }
  return warning(
    "claude_credentials_missing",
    "No credentials: neither credentialsSecretName nor a key in env is set.",
    "Set credentialsSecretName to a Secret with ANTHROPIC_API_KEY or CLAUDE_CODE_OAUTH_TOKEN.",
  );
}

/** Checks that pods get a URL of this server that is not a loopback address. */
export function checkApiUrl({ apiUrl: configured }: Settings): Check {
  const url = configured ?? process.env["PAPERCLIP_API_URL"];
  const hint = "Set PAPERCLIP_API_URL on the server, or paperclipApiUrl here, to a URL that pods can reach.";
  if (url === undefined) return warning("paperclip_api_url_missing", "No URL of this server is set for pods.", hint);
  if (!URL.canParse(url)) return failed("paperclip_api_url_invalid", "The URL of this server is invalid.", hint);
  const { hostname, origin } = new URL(url);
  if (hostname === "localhost" || hostname.startsWith("127.") || hostname === "[::1]") {
    return failed("paperclip_api_url_loopback", `${hostname} in the URL of this server is the pod itself.`, hint);
  }
  return { code: "paperclip_api_url", level: "info", message: `Pods call this server at ${origin}.` };
}
