/** Builds claude's --mcp-config: the agent's own MCP servers and those that Paperclip offers. */
import type { AdapterExecutionContext } from "@paperclipai/adapter-utils";
import type { Settings } from "./settings.ts";

/** Returns JSON text, which contains tokens; undefined if there are no servers. */
export function mcpConfig(ctx: AdapterExecutionContext, settings: Settings): string | undefined {
  const offered = (ctx.runtimeMcp?.getServers() ?? []).map(({ name, url, token }) => [
    name.trim().replace(/[^A-Za-z0-9_-]+/g, "-"),
    { type: "http", url: reachable(url, settings.apiUrl), headers: { Authorization: `Bearer ${token}` } },
  ]);
  const own = Object.entries(settings.mcpServers ?? {});
  if (offered.length + own.length === 0) return undefined;
  return JSON.stringify({ mcpServers: Object.fromEntries([...own, ...offered]) as unknown });
}

/** Replaces the host's loopback address by the URL that pods reach. */
function reachable(url: string, apiUrl: string | undefined): string {
  const base = apiUrl ?? process.env["PAPERCLIP_API_URL"];
  if (base === undefined || !URL.canParse(url) || !URL.canParse(base)) return url;
  const { hostname, pathname, search } = new URL(url);
  const isLoopback = hostname === "localhost" || hostname.startsWith("127.") || hostname === "[::1]";
  return isLoopback ? new URL(pathname + search, base).href : url;
}
