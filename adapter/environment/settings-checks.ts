/** What the settings say by themselves, without a question to anybody. */
import type { Settings } from "../spec/settings.ts";
import { failing, warning, type Check } from "./check.ts";

/** Which image runs will have. */
export function image({ pod }: Settings): Check {
  return pod.image === undefined
    ? { code: "k8s_image_default", level: "info", message: "The operator's run.image is used." }
    : {
        code: "k8s_image_configured",
        level: "info",
        message: `Image ${pod.image}; whether it can be pulled shows the first run.`,
      };
}

/** Whether claude will have a key. */
export function credentials({ credentialsSecretName, environment }: Settings): Check {
  const known = [
    "ANTHROPIC_API_KEY",
    "CLAUDE_CODE_OAUTH_TOKEN",
    "ANTHROPIC_AUTH_TOKEN",
    "CLAUDE_CODE_USE_BEDROCK",
    "CLAUDE_CODE_USE_VERTEX",
  ];
  const found = known.find((name) => environment[name] !== undefined);
  if (found !== undefined) return { code: "claude_credentials_env", level: "info", message: `env has ${found}.` };
  if (credentialsSecretName !== undefined) {
    return {
      code: "claude_credentials_secret",
      level: "info",
      message: `The keys of Secret ${credentialsSecretName} become variables; the adapter does not read it.`,
    };
  }
  return warning(
    "claude_credentials_missing",
    "Neither credentialsSecretName nor a key in env is set.",
    "Name a Secret with ANTHROPIC_API_KEY or CLAUDE_CODE_OAUTH_TOKEN.",
  );
}

/** Whether pods are told an address of this server that is not their own. */
export function apiUrl({ apiUrl: configured }: Settings): Check {
  const url = configured ?? process.env["PAPERCLIP_API_URL"];
  const hint = "Set PAPERCLIP_API_URL on the server, or paperclipApiUrl here, to an address that pods reach.";
  if (url === undefined)
    return warning(
      "paperclip_api_url_missing",
      "Pods are not told an address of this server that they can reach.",
      hint,
    );
  if (!URL.canParse(url)) return failing("paperclip_api_url_invalid", `${url} is no URL.`, hint);
  const { hostname } = new URL(url);
  if (hostname === "localhost" || hostname.startsWith("127.") || hostname === "[::1]") {
    return failing("paperclip_api_url_loopback", `${url} is the pod itself, not this server.`, hint);
  }
  return { code: "paperclip_api_url", level: "info", message: `Pods call this server at ${url}.` };
}
